"""Iterators that end, and data sets that are streams."""

from __future__ import annotations

import re

from ...answer import Answer
from ...unknown import OWN, PYTHON
from ..base import Case, General

_PARAMETERS = re.compile(r"\bnext\([^\n]{0,80}parameters\(")
_OF_ROWS = re.compile(
    r"\bnext\(\s*iter\((?P<what>(?!\w*files)[\w.\[\]'\"]{0,40}(?:data|rows|samples)\w*)"
)


def _nothing_next(case: Case) -> Answer | None:
    """Answer a StopIteration by the line that asked for one more: of a loader, rows, parameters."""
    if case.error is None or not case.hit.match.group().strip():
        return None
    asking = [p for p in case.places if p.owner != PYTHON and p.module != "torch" and p.code]
    code = asking[-1].code if asking else ""
    if _PARAMETERS.search(code):
        return _no_parameters()
    if re.search(r"next\(iter\(batch\)\)", code):
        return Answer(
            "the data set that reaches the trainer has rows, and no column left in them",
            (
                "remove_unused_columns=False   with a collator that reads your columns",
                "print(trainer.train_dataset.column_names)   beside the names that the model's "
                "forward, or the trainer's collator, takes",
            ),
            why="the Trainer drops every column that the model's forward does not name",
            known="the line of code asks datasets for the first column of a batch, and there was "
            "none",
            settles=False,
        )
    rows = _OF_ROWS.search(code)
    if rows:
        return _no_first_row(rows["what"])
    if re.search(r"[/\\]torch[/\\]utils[/\\]data[/\\]dataloader|_next_data", case.frames):
        return _no_batch(case, bool(asking) and asking[-1].owner == OWN)
    return None


def _no_parameters() -> Answer:
    return Answer(
        "next(...parameters()) found no parameter in the module that it asks",
        (
            "CUDA_VISIBLE_DEVICES=0 before the command, or one process for each GPU: accelerate "
            "launch",
            "print(sum(1 for _ in model.parameters()))   of the module in that line: 0 is an empty "
            "part, or one whose weights lie elsewhere",
            "pip install -U   of the package whose line it is",
        ),
        why="the copies that torch.nn.DataParallel makes have no parameters; and so has a part "
        "that was left empty",
        known="the line of code; which of these it is, the log does not say",
        settles=False,
    )


def _no_first_row(what: str) -> Answer:
    return Answer(
        f"{what} has no row: its first one was asked for",
        (
            "print(len(dataset))   (of a stream: print(next(iter(dataset), None)))   right before "
            "that line",
            "a filter, a split or a path that leaves nothing; a stream that was read to its end "
            "before",
        ),
        known="the line of code asks for the first row, and there was none",
        settles=False,
    )


def _no_batch(case: Case, is_own: bool) -> Answer:
    again = re.search(r"StopIteration\s+During handling of the above exception", case.above)
    if again:
        return Answer(
            "a loader gives no batch at all: one that was begun anew ended at once, too",
            (
                "print(len(dataset), len(loader))   : with drop_last=True fewer rows than "
                "batch_size give no batch",
                "drop_last=False, or a smaller batch_size",
            ),
            known="the first StopIteration was answered with a new iterator, which raised the "
            "second",
            settles=False,
        )
    return Answer(
        "a loader was asked for one batch more than it has",
        (
            "print(len(dataset), len(loader))   : 0 batches with drop_last=True and fewer rows "
            "than batch_size",
            "for batch in loader:   in place of next(...), or iter(loader) anew where it ends: one "
            "epoch is shorter than the steps that are asked for",
        ),
        known="the frames are of torch's loader"
        + (", and next(...) is called in code of your own" if is_own else ""),
        settles=False,
    )


def _streamed(case: Case) -> Answer:
    """Answer by what is asked of the stream: its length, or what only stored rows have."""
    steps = "max_steps=1000   in the training arguments"
    stored = "load_dataset(..., streaming=False)   where it fits the disk"
    parts = (
        "dataset.take(1000), dataset.skip(1000), dataset.shuffle(buffer_size=10_000)   in place of "
        "select and train_test_split"
    )
    is_of_trainer = any(name in {"transformers", "trl", "unsloth"} for name in case.packages)
    of_length = "has no len()" in case.hit.text
    do = (steps, stored) if of_length and is_of_trainer else (stored, parts, steps)
    return Answer(
        "the data set is streamed, and its length is asked for"
        if of_length
        else "the data set is streamed: it has no length, no rows by number, and cannot be split",
        do,
        why="rows of a stream come one after another, and their number is not known",
        known="the message names the class",
    )


KINDS: tuple[General, ...] = (
    General(
        "nothing-comes-next",
        r"^(?:\S{1,20} )?(?:StopIteration|RuntimeError: generator raised StopIteration)\b",
        _nothing_next,
        {
            'Traceback (most recent call last):\n  File "train.py", line 134, in train\n    images '
            '= next(batches)\n  File "/x/site-packages/torch/utils/data/dataloader.py", line 1058, '
            "in _next_data\n    raise StopIteration\nStopIteration": "one batch more",
            'Traceback (most recent call last):\n  File "/x/packages/trl/trainer/sft_trainer.py'
            '", line 642, in f\n    n = list(next(iter(dataset)).keys())\n'
            "StopIteration": "dataset has no row",
            'Traceback (most recent call last):\n  File "/x/packages/transformers/model_bert.'
            'py", line 711, in forward\n    dtype=next(self.parameters()).dtype)\nStopIteration': (
                "DataParallel"
            ),
            'Traceback (most recent call last):\n  File "a.py", line 3, in <module>\n    next(a)\n'
            "StopIteration": "",
            'Traceback (most recent call last):\n  File "a.py", line 3, in <module>\n    '
            "next(iter(data_files))\nStopIteration": "",
            'Traceback (most recent call last):\n  File "/x/packages/datasets/arrow_dataset.py",'
            " line 2811, in __getitems__\n    n = len(batch[next(iter(batch))])\nStopIteration": (
                "no column left"
            ),
            "# StopIteration is raised when the loader ends": "",
        },
    ),
    General(
        "stream-without-a-length",
        r"object of type 'IterableDataset' has no len\(\)|"
        r"'IterableDataset(?:Dict)?' object has no attribute '(?P<name>select|num_rows|"
        r"train_test_split|to_pandas|save_to_disk|push_to_hub|sort|unique|set_format|flatten)'|"
        r"'IterableDataset' object is not subscriptable",
        _streamed,
        {
            "TypeError: object of type 'IterableDataset' has no len()": "max_steps",
            "AttributeError: 'IterableDataset' object has no attribute 'select'": "take(1000)",
        },
    ),
)
