"""Columns, splits and counts of rows that datasets and accelerate refuse."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _taken_or_missing(case: Case) -> Answer:
    """Tell a new name that is taken from a column that is not there, by the sentence."""
    again = (
        "a cell of a notebook that ran twice has renamed it already; a DatasetDict has the columns "
        "of each split"
    )
    all_of_them = (
        "dataset.map(f, remove_columns=dataset.column_names)   replaces all of them at once"
    )
    names = re.search(
        r"\[?'?([\w .-]{1,60}?)'?\]? (?:already|not) in|Column '?([\w .-]{1,60}?)'? ", case.match[0]
    )
    name = next((part for part in names.groups() if part), "") if names else ""
    name = name.rpartition(" name ")[2].rpartition("name ")[2].strip(" '[]")
    if "already" in case.match[0]:
        return Answer(
            f"the new name of a column is taken: {name}"
            if name
            else "a column's new name is taken",
            (
                "dataset.remove_columns(NAME)   first, where the old one is not wanted",
                "print(dataset.column_names)",
                all_of_them,
            ),
            why=again,
            known="datasets lists the columns that are there",
            settles=False,
        )
    return Answer(
        f"the data set has no column {name}" if name else "the data set lacks a column",
        ("print(dataset.column_names)   and the name as it is there", all_of_them),
        why=again,
        known="the message names it",
        settles=False,
    )


def _not_started(case: Case) -> Answer:
    """Tell the logger from a state that was reset, and that from two packages of other times."""
    text = case.hit.text
    if "logging utility" in text or "initialize the accelerate state" in text:
        return Answer(
            "a logger of accelerate is used before accelerate was started",
            ("from accelerate import PartialState; PartialState()   before the logger is used",),
            known="the message",
        )
    if "object has no attribute" in text:
        arguments = (
            "make the training arguments anew, right before the trainer, and no Accelerator() "
            "between "
            "the two (in a notebook: both in one cell)"
        )
        upgrade = "pip install -U transformers accelerate   (and trl), and restart the kernel"
        is_reset = "_reset_state" in f"{text} {case.message}"
        name = re.search(r"has no attribute [`'](\w+)", text)
        return Answer(
            "the state of accelerate was reset, and what is read of it is gone"
            if is_reset or name is None
            else f"the state of accelerate has no {name[1]}: it was reset, or this release does "
            "not know that name",
            (arguments, upgrade) if is_reset else (upgrade, arguments),
            why="each TrainingArguments resets the state that an earlier one or an Accelerator "
            "made; "
            "a transformers that is much older than accelerate leaves it incomplete",
            known="the message; which of the two it is, it does not say",
            settles=False,
        )
    return Answer(
        "something of accelerate is used before accelerate was started, or after its state was "
        "reset",
        (
            "accelerator = Accelerator()   first, in this process",
            "make the training arguments again in this process, after a reset or a restart",
        ),
        settles=False,
    )


def _out_of_range(case: Case) -> Answer:
    if case.match["slice"]:
        return Answer(
            f"the rows [{case.match['slice']}] of a split are asked for, and it has "
            f"{int(case.match['rows']):,}",
            ("split='train'   whole, or with a smaller number: split='train[:90%]'",),
            known="the message has both",
        )
    return Answer(
        f"row {case.match['index']} is asked for, and the data set has {int(case.match['size']):,}",
        (f"dataset.select(range(min({case.match['index']}, len(dataset))))",),
        why="select(range(N)) does not stop at the end",
        known="the message has both numbers",
    )


KINDS: tuple[General, ...] = (
    General(
        "split-larger-than-the-data",
        r"(?:test|train)_size=\S{1,20} should be either positive and smaller than|"
        r"the resulting train set will be empty|The sum of test_size and train_size|"
        r"The sum of train_size and test_size",
        always(
            "the parts of a split are more than the data has, or one of them gets no row",
            "dataset.train_test_split(test_size=0.05)   or a number below len(dataset)",
            "print(len(dataset))   first: a filter may have dropped all rows but a few",
        ),
        {
            "ValueError: With n_samples=1, test_size=0.1 and train_size=None, the resulting train "
            "set will be empty. Adjust any of the aforementioned parameters.": "len(dataset)"
        },
    ),
    General(
        "row-out-of-range",
        r"Index (?P<index>\d+) out of range for dataset of size (?P<size>\d+)|"
        r"Requested slice \[(?P<slice>[\d:-]{1,30})\] incompatible with (?P<rows>\d+) examples",
        _out_of_range,
        {
            "IndexError: Index 999 out of range for dataset of size 120.": "the data set has 120",
            "ValueError: Requested slice [:100] incompatible with 10 examples.": "it has 10",
        },
    ),
    General(
        "column-name-taken-or-missing",
        r"(?:New column name|Original column names?) \[?'?[\w .-]{1,80}'?\]? (?:already|not) in the"
        r" dataset|Column '?[\w .-]{1,60}'? (?:doesn't exist|not found in dataset)|"
        r"Columns? \(?\[?'?[\w', .-]{1,120}'?\]?\)? not in (?:the dataset|table columns)|"
        r"Input column \[?'?[\w', .-]{1,80}'?\]? not in the dataset",
        _taken_or_missing,
        {
            "ValueError: Original column name question not in the dataset. Current columns in the "
            "dataset: ['prompt', 'answer']": "column_names",
            "ValueError: New column name text already in the dataset. Please choose a column name "
            "which is not already in the dataset.": "is taken",
            "ValueError: Column 'zz' doesn't exist.": "has no column zz",
        },
    ),
    General(
        "data-set-over-itself",
        r"Tried to overwrite \S{1,200} but a dataset can't overwrite itself",
        always(
            "the data set is saved into the folder that it is read from",
            "dataset.save_to_disk(ANOTHER_FOLDER)",
            why="its rows are still read from those files",
        ),
        {
            "PermissionError: Tried to overwrite /data/x but a dataset can't overwrite itself.": (
                "ANOTHER_FOLDER"
            )
        },
    ),
    General(
        "launcher-in-a-notebook",
        r"`Accelerator` should only be initialized inside your training function|"
        r"has been initialized before the `notebook_launcher` could|"
        r"An issue was found when verifying|"
        r"This likely stems from an outside import causing issues once the `notebook_launcher",
        always(
            "notebook_launcher starts processes, and CUDA or an Accelerator is in use in this one "
            "already",
            "restart the kernel; load model, data and trainer inside the function that is launched",
            "or write the cells to a script: accelerate launch script.py",
            why="a process that is copied cannot take over a GPU that its parent has opened",
        ),
        {
            "ValueError: To launch a multi-device training from your notebook, the `Accelerator` "
            "should only be initialized inside your training function. Restart your notebook": (
                "accelerate launch script.py"
            ),
            "RuntimeError: An issue was found when launching the training: no such file": "",
        },
    ),
    General(
        "batch-not-divided-by-processes",
        r"in `split_batches` mode, the batch size \(\d+\) needs to be a round multiple|"
        r"You can't use batches of different size with `dispatch_batches=True`",
        always(
            "the batches of accelerate's processes do not fit together: a batch that cannot be "
            "shared out evenly, or rows of different lengths",
            "split_batches=False, dispatch_batches=False   in accelerator_config",
            "or per_device_train_batch_size a multiple of the number of processes",
        ),
        {
            "ValueError: To use a `DataLoader` in `split_batches` mode, the batch size (3) needs "
            "to be a round multiple of the number of processes (2).": "split_batches=False"
        },
    ),
    General(
        "accelerate-not-started",
        r"You must initialize the accelerate state by calling either|"
        r"make sure to properly initialize your accelerator via|"
        r"[`'](?:PartialState|AcceleratorState)[`'] object has no attribute|"
        r"The `PartialState` or `Accelerator` must be initialized before",
        _not_started,
        {
            "RuntimeError: You must initialize the accelerate state by calling either "
            "`PartialState()` or `Accelerator()` before using the logging utility.": (
                "before the logger"
            ),
            "AttributeError: `AcceleratorState` object has no attribute `distributed_type`. This "
            "happens if `AcceleratorState._reset_state()` was called": "right before the trainer",
            "AttributeError: 'AcceleratorState' object has no attribute 'distributed_type'": (
                "-U transformers accelerate"
            ),
        },
    ),
    General(
        "fsdp-loading-flags",
        r"`?sync_module_states`? must be `?\"?True|Set the `sync_module_states` flag to `True`|"
        r"set `--fsdp_sync_module_states` to `True`",
        always(
            "FSDP loads the weights on one rank only, and the others are not told to take them "
            "over",
            "fsdp_sync_module_states: true   beside fsdp_cpu_ram_efficient_loading: true",
            "or both false",
        ),
        {
            'ValueError: `sync_module_states` must be `"True"` if `cpu_ram_efficient_loading` is '
            '`"True"`': "both false"
        },
    ),
    General(
        "precision-set-in-two-places",
        r"`--mixed_precision` arg cannot be set to",
        always(
            "the DeepSpeed config and the command or script set the same thing",
            'write "auto" in the DeepSpeed config, or leave its block (optimizer, scheduler, bf16) '
            "out",
        ),
        {
            "ValueError: `--mixed_precision` arg cannot be set to `bf16` when `fp16` is set in the "
            "DeepSpeed config file.": '"auto"'
        },
    ),
    General(
        "kto-with-one-row",
        r"KTO will not work properly because the KL term|"
        r"The sum of the mask is zero, which can happen when `mini_batch_size=1`|"
        r"minibatch size \d+ is insufficient for whitening",
        always(
            "the batch of one process is too small for this loss: it compares rows within a batch",
            "per_device_train_batch_size=4   (at least 2; accumulation does not count)",
            why="KTO takes its KL term from the other rows of a batch, and PPO normalizes over "
            "them",
        ),
        {
            "ValueError: Actual (not effective) batch size must be > 1. KTO will not work properly "
            "because the KL term will be equivalent to the implied reward.": "at least 2"
        },
    ),
    General(
        "kto-pair-in-dpo",
        r"Support for kto_pair has been removed",
        always(
            "DPOTrainer no longer has the loss kto_pair",
            "KTOTrainer with KTOConfig, and rows of prompt, completion and label",
            'or loss_type="sigmoid"',
        ),
        {
            "ValueError: Support for kto_pair has been removed in DPOTrainer. Please use "
            "KTOTrainer.": "KTOConfig"
        },
    ),
)
