"""Rows of a data set: columns that are missing, turns under other names, shapes that differ."""

from __future__ import annotations

import re

from ...answer import Answer
from ...unknown import PACKAGE
from ..base import Case, General, always
from .arrow import lost_a_process

_WIDEST = 8_192  # pixels; wider is a vocabulary


def _image_sizes(text: str) -> tuple[list[int], list[int]] | None:
    """Return the two sizes of a stack of images: channels, height, width."""
    found = re.search(r"got \[([\d, ]{5,40})\] at entry 0 and \[([\d, ]{5,40})\]", text)
    if found is None:
        return None
    first, other = ([int(n) for n in part.split(",")] for part in found.groups())
    channels, sides = {first[0], other[0]}, first[1:] + other[1:]
    is_image = len(first) == len(other) == 3 and channels <= {1, 3, 4} and channels != {1}
    return (first, other) if is_image and 16 <= min(sides) <= max(sides) <= _WIDEST else None


def _of_images(first: list[int], other: list[int]) -> Answer:
    if first[1:] == other[1:]:
        do: tuple[str, ...] = ("image.convert('RGB')   for each image, before it becomes a tensor",)
        what = f"another number of channels ({first[0]} and {other[0]})"
    else:
        do = (
            "processor(images=images, return_tensors='pt')   in the collator, for the whole batch: "
            "it resizes them",
            "transforms.Resize((224, 224))   with the size that the model takes, in transforms of "
            "your own",
            "per_device_train_batch_size=1   for a model that takes images of any size",
        )
        what = "another size"
    return Answer(
        f"two images of a batch have {what}, and a collator only stacks them",
        do,
        known="the message has both shapes; that they are those of images is read off them",
        certain=False,
        settles=False,
    )


_BY_THE_SCRIPT = Answer(
    "the script makes one tensor of rows that have different lengths",
    (
        "tokenizer(texts, padding=True, truncation=True, return_tensors='pt')   where "
        "they are "
        "token ids",
        "torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PAD)   : "
        "-100 "
        "for labels",
    ),
    known="the message has both lengths, and the line is the script's",
    settles=False,
)


def _not_padded(case: Case) -> Answer:
    images = _image_sizes(case.hit.text)
    if images is not None:
        return _of_images(*images)
    if int(case.match["dim"] or 0) > 1:
        return Answer(
            "a batch holds lists within the lists of its rows, and the inner ones have different "
            "lengths",
            (
                "print(train_dataset[0]['input_ids'][:2])   : a list in it means that rows are "
                "nested: no return_tensors='pt' in dataset.map",
                "or padding='max_length' in the map, where rows of several parts are meant",
            ),
            why="a collator pads rows, and not what is nested in them",
            known="the message names the inner dimension",
            settles=False,
        )
    if case.is_of_the_script and re.search(r"\btensor\(|\bstack\(", case.code):
        return _BY_THE_SCRIPT
    return Answer(
        "the rows of a batch have different lengths, and the collator does not pad them",
        (
            "DataCollatorForSeq2Seq(tokenizer, padding=True), which pads labels too",
            "a data set of your own: every row cut or padded to one length, and a shorter last one "
            "dropped",
            "or per_device_train_batch_size=1 to see that it is this",
        ),
        known="the message has both lengths",
        settles=False,
    )


_LISTED = (
    "conversations = list(dataset['conversations'])   before apply_chat_template: datasets 4 gives "
    "a Column, which transformers takes for one conversation"
)


def _turns(case: Case) -> Answer:
    """Answer a template that asks something else than a turn for its role or content."""
    name, kind = case.match["name"], case.match["kind"]
    if kind == "list":
        return Answer(
            f"the template asks a list for its {name}: the conversation is one level too deep",
            (
                _LISTED,
                "messages[0]   where a list with one conversation is handed over; one conversation "
                "is [{'role': ..., 'content': ...}, ...]",
            ),
            why="apply_chat_template takes one conversation, or a plain list of them",
            known="the message: what stands in a turn's place is a list",
            settles=False,
        )
    if kind == "str":
        return Answer(
            f"the template asks a text for its {name}: the conversation holds texts, not turns",
            (
                "json.loads(row['messages'])   where the turns are stored as text; "
                "[{'role': 'user', 'content': text}] in place of a text alone",
                "[message]   where one turn is handed over without a list around it",
            ),
            why="a text or a dict that is gone through gives letters or names in place of turns",
            known="the message: what stands in a turn's place is a text",
            settles=False,
        )
    return Answer(
        f"the template reads {name} of each turn, and a turn has none",
        (
            "{'role': 'user', 'content': ...} for each turn, or standardize_sharegpt(dataset) of "
            "unsloth.chat_templates",
            "print(dataset[0])   : which names the turns have; a turn with tool_calls alone has no "
            "content",
        ),
        why="ShareGPT data call them from and value (human, gpt)",
        known="the message names the key",
        settles=False,
    )


_OF_DATA = re.compile(
    r"dataset|^transformers/trainer|^(?:trl|llamafactory|swift|axolotl|unsloth|verl)[/_]|data/"
)


# A table of the script's own whose entry is asked for: paths["test"].
_OF_ELSE = re.compile(
    r"(?i)(?:cfg|conf|args|opts?|options|settings|paths?|files?|dirs?|urls?|metrics?|scores?|results?|"
    r"params|history|logs?|state|loaders?|env\w*)\[['\"]\w+['\"]\]"
)


def _no_split(case: Case) -> Answer | None:
    if re.search(r"config|adapter|kwargs", case.code) or _OF_ELSE.search(case.code):
        return None  # a name of something else
    place = case.places[-1] if case.places else None
    if place is not None and place.owner == PACKAGE and not _OF_DATA.search(place.file):
        return None
    return Answer(
        f"the data set has no split {case.match['name']}",
        (
            "print(dataset)   lists the splits",
            "dataset['train'].train_test_split(test_size=0.05)   makes a train and a test "
            "split of one",
            f"load_dataset(NAME, split='{case.match['name']}') gives the rows themselves: "
            "then without the ['...']",
        ),
        why="a data set of own files has one split, train; one that was loaded with split= has "
        "none",
        known="the message names the key; that it is a split is likely",
        certain=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "cached-data-set-of-another-time",
        r"Loading a (?:streaming )?dataset cached in a LocalFileSystem is not supported",
        always(
            "this datasets is older than the fsspec beside it",
            "pip install -U datasets   and restart the kernel",
            why="a newer fsspec names its local file system otherwise, and an older datasets "
            "takes it for a remote one",
            known="the message; the releases were not compared",
        ),
        {
            "NotImplementedError: Loading a dataset cached in a LocalFileSystem is not "
            "supported.": "pip install -U datasets"
        },
        alone=True,
    ),
    General(
        "turns-under-other-names",
        r"UndefinedError: '?(?P<kind>dict|str|list) object[^\n]{0,40} has no attribute "
        r"'?(?P<name>role|content)",
        _turns,
        {
            "jinja2.exceptions.UndefinedError: 'dict object' has no attribute 'role'": "ShareGPT",
            "UndefinedError: 'list object' has no attribute 'role'": "list(dataset['conversations",
            "UndefinedError: 'str object' has no attribute 'content'": "json.loads",
        },
    ),
    General(
        "split-missing",
        r"KeyError: '(?P<name>train|test|validation|val|train_sft|test_sft|dev|eval)'",
        _no_split,
        {
            "KeyError: 'validation'": "train_test_split",
            'Traceback (most recent call last):\n  File "/x/site-packages/lightning/loops.py", '
            "line 1, "
            "in run\n    m = self.loops[stage]\nKeyError: 'test'": "",
            'Traceback (most recent call last):\n  File "/x/site-packages/peft/peft_model.py", '
            "line 1, in f\n    peft_config = self.peft_config[adapter_name]\nKeyError: 'test'": "",
            'Traceback (most recent call last):\n  File "/w/a.py", line 1, in f\n    '
            "open(paths['test'])\nKeyError: 'test'": "",
            'Traceback (most recent call last):\n  File "/w/a.py", line 1, in f\n    '
            "rows = load_dataset(path)['test']\nKeyError: 'test'": "no split test",
        },
    ),
    General(
        "map-lost-a-process",
        r"One of the subprocesses has abruptly died during map operation",
        lost_a_process,
        {
            "RuntimeError: One of the subprocesses has abruptly died during map operation.": (
                "num_proc"
            ),
            "Windows 11\nRuntimeError: One of the subprocesses has abruptly died during map "
            "operation.": "imports the script anew",
        },
    ),
    General(
        "rows-not-padded",
        r"stack expects each tensor to be equal size|"
        r"expected sequence of length \d+ at dim (?P<dim>\d) \(got \d+\)",
        _not_padded,
        {
            "RuntimeError: stack expects each tensor to be equal size, but got [512] at entry 0": (
                "pad"
            ),
            "ValueError: expected sequence of length 64 at dim 2 (got 128)": "within the lists",
            'Traceback (most recent call last):\n  File "/w/t.py", line 3, in collate\n    y = '
            "torch.tensor([e['label'] for e in examples])\nValueError: expected sequence of "
            "length 5 at "
            "dim 1 (got 3)": "pad_sequence",
            "RuntimeError: stack expects each tensor to be equal size, but got [3, 224, 224] at "
            "entry 0 and [3, 480, 640] at entry 1": "it resizes them",
            "RuntimeError: stack expects each tensor to be equal size, but got [3, 224, 224] at "
            "entry 0 and [1, 224, 224] at entry 1": "convert('RGB')",
            "RuntimeError: stack expects each tensor to be equal size, but got [2, 4, 512] at "
            "entry 0 and [2, 4, 400] at entry 1": "pads labels",
        },
    ),
    General(
        "no-rows-to-evaluate",
        r"Trainer: evaluation requires an eval_dataset|"
        r"`?eval_strategy`?[^\n]{0,60}but you didn't pass an `eval_dataset`",
        always(
            "the run is to evaluate, and has no data to evaluate on",
            "eval_dataset=...   or eval_strategy='no'",
            known="the Trainer says so",
        ),
        {"ValueError: Trainer: evaluation requires an eval_dataset.": "eval_strategy"},
    ),
)
