"""Rows that reach a collator or a packer before they are ready for it."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

_NO_COLUMN = Answer(
    "a row reached the collator with no column left",
    (
        "remove_unused_columns=False   where forward of your own model takes **kwargs",
        "or input_ids as an argument of forward, by name",
    ),
    why="the Trainer drops every column that forward of the model does not name; rows of an "
    "IterableDataset or of __getitem__ that are empty read the same",
    known="the message lists no column; that the Trainer dropped them, it does not say",
    certain=False,
)


def _raw_rows(case: Case) -> Answer:
    """Answer rows without input_ids, by the columns that they have."""
    columns = re.findall(r"'(\w{1,40})'", case.match["columns"])
    if not columns:
        return _NO_COLUMN
    named = ", ".join(columns[:4])
    turns = {"messages", "conversations", "conversation"} & set(columns)
    apply = "tokenizer.apply_chat_template(row['messages'], tokenize=False) into a text column"
    return Answer(
        f"the rows reached the collator without input_ids: they have the columns {named}",
        (
            apply if turns else "tokenize the data set before the trainer is made",
            "or let the trainer prepare it: no skip_prepare_dataset=True, and its own collator",
        ),
        why="the trainer left the data as it was, because it was told to, or because its data "
        "collator or processor is one that expects to do that itself",
        known="the message lists the columns; which setting skipped the preparation is not in it",
        settles=False,
    )


_OF_TOKENS = re.compile(r"(?:ids|labels?|mask|values|features|sizes|thw)$")
_DROP = "remove_unused_columns=True, or dataset.remove_columns([...])   : text columns go"


_REWARDS_OF_TEXT = Answer(
    "a reward function returned something else than one number for each completion",
    ("return [float(score(text)) for text in completions]",),
    known="the last frame makes the tensor of rewards",
)


def _ragged(case: Case) -> Answer:
    """Tell text, nested lists and lengths apart: by the column, or the error that came first."""
    if re.search(r"in _calculate_rewards\n[^\n]*\Z", case.frames):
        return _REWARDS_OF_TEXT
    named = re.search(r"features\s\(`(\w{1,40})` in this case\)", case.message)
    column = named[1] if named else ""
    is_collator = case.says(r"data_collator|in pad_without_fast|DataCollator|\bin collate")
    pad = (
        "a collator that pads labels too: DataCollatorForSeq2Seq(tokenizer); max_length set"
        if is_collator
        else "tokenizer(texts, padding=True, truncation=True, return_tensors='pt')"
    )
    first = f"{case.above}\n{case.around}"
    lengths = re.search(r"expected sequence of length \d+ at dim (\d)", first)
    if lengths and int(lengths[1]) <= 1:
        return _of_lengths(column, pad)
    if "too many dimensions 'str'" in first or (column and not _OF_TOKENS.search(column)):
        return _of_text(column)
    if lengths:
        return _nested(column)
    return Answer(
        f"{_named(column)} holds text, or lists of different lengths or depths, where a tensor is "
        "made of it",
        (
            "print({k: str(v)[:40] for k, v in train_dataset[0].items()})   : numbers, text, or "
            "lists within lists",
            f"numbers alone: {pad}",
            f"text: {_DROP}",
            "[[: no return_tensors='pt' in the map, and one list of numbers for each row",
        ),
        why="only numbers of one length become a tensor; the message says padding of all of these",
        known="the message" + ("; it names the column" if named else ""),
        settles=False,
    )


def _named(column: str) -> str:
    return f"the column {column}" if column else "a column"


def _of_lengths(column: str, pad: str) -> Answer:
    return Answer(
        f"{_named(column)} holds lists of different lengths where a tensor is made of it",
        (pad, _DROP + ", where it is none of the model's"),
        why="only rows of one length become a tensor, and what pads input_ids need not pad others",
        known="the error above it has both lengths",
        settles=False,
    )


def _of_text(column: str) -> Answer:
    return Answer(
        f"{_named(column)} holds text or turns, and a tensor, of numbers only, is to be made of it",
        (
            _DROP,
            "tokenizer(row['text']) in dataset.map, with remove_columns=dataset.column_names, "
            "where nothing has tokenized the rows yet",
        ),
        why="padding and truncation, which the message names, do not cure a text",
        known="the column is none that a tokenizer makes" if column else "the message names a str",
        settles=False,
    )


def _nested(column: str) -> Answer:
    return Answer(
        f"{_named(column)} holds lists within lists of different lengths",
        (
            "no return_tensors='pt' where the rows are tokenized: it puts a list around each row",
            "print(train_dataset[0]['input_ids'][:3])   : numbers, and no list",
        ),
        why="the collator pads the rows, and not what is nested in them",
        known="the error above it names the inner dimension",
        settles=False,
    )


def _nothing_written(case: Case) -> Answer:
    """Tell packing, which needs tokens for one block, from a generator that yields nothing."""
    if case.says(r"packing the dataset|_packed_dataloader|ConstantLengthDataset"):
        return Answer(
            "packing gave not one full sequence: the rows together are shorter than one block",
            (
                "packing=False in the SFTConfig",
                "or a smaller max_seq_length (max_length in newer TRL), or more rows",
                "if there are rows enough: the first error of the traceback says what failed",
            ),
            why="packing joins rows and cuts them into blocks of max_seq_length; what does not "
            "fill one is dropped",
            known="TRL says so, of every error while it packs; an earlier one in the log is the "
            "cause then",
            certain=False,
        )
    return Answer(
        "a data set was to be written of no row at all",
        (
            "print(len(rows))   before it is built: a generator, a filter or a path gave none",
            "or Dataset.from_generator(..., features=Features({...})), where none is right",
        ),
        why="without a row the types of the columns cannot be told",
        known="datasets says so",
    )


def _no_name_in_common(case: Case) -> Answer:
    """Answer columns of which forward names none, by the columns that the message lists."""
    listed = re.search(r"have been ignored: \[([^\]\n]{0,200})", f"{case.hit.text} {case.message}")
    columns = re.findall(r"\w{1,40}", listed[1]) if listed else []
    ids = {"input_ids", "labels", "pixel_values"} & set(columns)
    keep = "remove_unused_columns=False   with a collator that makes input_ids of the columns"
    tokenize = "tokenizer(row['text']) in dataset.map   before the trainer is made"
    return Answer(
        "the data set has no column that forward of the model takes"
        + (f": it has {', '.join(columns[:4])}" if columns else ""),
        (keep, "forward(self, input_ids, attention_mask, labels)   in a model of your own, by name")
        if ids
        else (tokenize, f"or {keep}"),
        why="the Trainer drops what forward does not name; SFTTrainer of TRL tokenizes rows "
        "itself, "
        "the plain Trainer does not",
        known="the message lists both; read in transformers 5.23.0",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "no-column-that-forward-takes",
        r"No columns in the dataset match the model's forward method signature: "
        r"\((?![^)\n]{0,200}\bimages\b)",
        _no_name_in_common,
        {
            "ValueError: No columns in the dataset match the model's forward method signature: "
            "(input_ids, labels). The following columns have been ignored: [text, id]. Please "
            "check": ("it has text, id"),
            "ValueError: No columns in the dataset match the model's forward method signature: "
            "(args). The following columns have been ignored: [input_ids, labels].": "by name",
        },
    ),
    General(
        "too-few-rows-to-pack",
        r"Error occurred while packing the dataset\.|"
        r"Please pass `features` or at least one example when writing data",
        _nothing_written,
        {
            "ValueError: Error occurred while packing the dataset. Make sure that your dataset has "
            "enough samples to at least yield one packed sequence.": "max_seq_length",
            "datasets.arrow_writer.SchemaInferenceError: Please pass `features` or at least one "
            "example when writing data": "no row",
        },
    ),
    General(
        "rows-untokenised",
        r"You should supply an encoding or a list of encodings to this method that includes "
        r"input_ids, but you provided \[(?P<columns>[^\]]{0,200})",
        _raw_rows,
        {
            "ValueError: You should supply an encoding or a list of encodings to this method that "
            "includes input_ids, but you provided ['messages']": "apply_chat_template",
            "ValueError: You should supply an encoding or a list of encodings to this method that "
            "includes input_ids, but you provided []": "remove_unused_columns",
        },
    ),
    General(
        "rows-of-text",
        r"too many dimensions 'str'|Unable to create tensor, you should probably activate "
        r"truncation|excessive nesting \(inputs type",
        _ragged,
        {
            "ValueError: too many dimensions 'str'": "text",
            'Traceback (most recent call last):\n  File "/x/site-packages/trl/trainer/grpo_trainer.'
            'py", line 1595, in _calculate_rewards\n    rewards_per_func[:, i] = torch.tensor('
            "output_reward_func)\nValueError: too many dimensions 'str'": "float(score",
            "ValueError: expected sequence of length 5 at dim 1 (got 6)\n\nThe above exception was "
            "the direct cause of the following exception:\n\nValueError: Unable to create tensor, "
            "you should probably activate truncation": "different lengths where",
            "ValueError: Unable to create tensor, you should probably activate truncation. Perhaps "
            "your features (`output` in this case) have excessive nesting": "text or turns",
            "ValueError: Unable to create tensor, you should probably activate truncation and/or "
            "padding with 'padding=True' 'truncation=True' to have batched tensors with the same "
            "length. Perhaps your features (`labels` in this case) have": "labels",
            "**Symptom**: `Unable to create tensor... excessive nesting (inputs type 'list' where "
            "type 'int' is expected)`": "remove_columns",
        },
        alone=True,
    ),
)
