"""Something else where a text is tokenized."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from .plain_values import plain_values
from .values import LOOK, not_a_text


def _no_text(case: Case) -> Answer:
    if "ensor" in case.match[0] or "new()" in case.match[0]:
        return plain_values("list or a text")
    kind = case.match["kind"] or ""
    if kind == "NoneType":
        return Answer(
            "None stands where a text is expected",
            (
                "dataset = dataset.filter(lambda row: row['text'] is not None)   with your column",
                LOOK,
            ),
            why="an empty cell of a table is None; so is a column that the loader did not find",
            known="the message; which column it is, the last frames show",
            settles=False,
        )
    return not_a_text(kind)


_OF_DATA_SETS_4 = (
    "list(dataset['text'])   for a whole column: datasets 4 gives a Column, which is not a list"
)
_A_COLUMN = re.compile(
    r"\w*(?:data|ds|train|test|val|eval|split)\w*(?:\[['\"]\w+['\"]\]){1,2}", re.I
)


def _no_text_to_tokenize(case: Case) -> Answer:
    """Tell a whole column, which datasets 4 does not give as a list, from a value in a row."""
    rows = "dataset.filter(lambda row: isinstance(row['text'], str) and row['text'])"
    turns = "tokenizer.apply_chat_template(row['messages'], tokenize=False)   where it is turns"
    said = f"{case.hit.text} {case.message}"
    if "arrow_dataset.Column" in said or "column.Column" in said:
        return Answer(
            "the tokenizer was given a column of datasets, which is not a list",
            (_OF_DATA_SETS_4,),
            why="from datasets 4.0 on dataset['text'] reads rows when they are asked for",
            known="the message names the class; read in datasets 4.8.5",
        )
    calls = " ".join(place.code for place in case.places)
    calls = f"{calls} {case.code}" if case.places else case.above[-400:]
    is_column = "dataset.map" not in calls and _A_COLUMN.search(calls) is not None
    return Answer(
        "the tokenizer was given something else than text: None, a number, a list, a dict, a "
        "column",
        (_OF_DATA_SETS_4, rows, turns) if is_column else (rows, turns, _OF_DATA_SETS_4),
        why="an empty field of a table is None, or NaN from pandas",
        known="the message is the tokenizer's; which row it is, it does not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "text-that-is-no-text",
        r"TextEncodeInput must be Uni|TextInputSequence must be str|"
        r"text input must be of type `?str`?|Invalid input text\. Please provide a string|"
        r"Input [^\n]{0,300}is not valid\. Should be a string",
        _no_text_to_tokenize,
        {
            "TypeError: TextEncodeInput must be Union[TextInputSequence, Tuple[InputSequence, "
            "InputSequence]]": "isinstance",
            "ValueError: Input <class 'datasets.arrow_dataset.Column'> is not valid. Should be a "
            "string, a list/tuple of strings": "list(dataset['text'])",
            'Traceback (most recent call last):\n  File "/w/a.py", line 9, in <module>\n    ids = '
            'tokenizer(train_ds["text"], truncation=True)\nValueError: text input must be of type '
            "`str` (single example), `list[str]`": "datasets 4 gives",
        },
    ),
    General(
        "column-that-is-not-a-list",
        r"'Column' object (?:has no attribute '(?P<name>\w{1,40})'|is not callable)",
        lambda case: (
            Answer(
                "a column of datasets is used as a list or a text: it is a Column, which has no "
                "such "
                "method",
                (
                    "list(dataset['text'])   for a list, dataset[0]['text'] for one value",
                    "or pip install 'datasets<4', where a column was a list",
                ),
                why="from datasets 4.0 on dataset['text'] reads rows when they are asked for",
                known="the message names the class; that it is of datasets, the log says",
                settles=False,
            )
            if re.search(r"(?i)dataset", f"{case.near}{case.around}")
            and "pyspark" not in case.near + case.around
            else None  # pyspark and others have a Column, too
        ),
        {
            "from datasets import load_dataset\nAttributeError: 'Column' object has no attribute "
            "'startswith'": "list(dataset['text'])",
            "import pyspark\nTypeError: 'Column' object is not callable": "",
        },
    ),
    General(
        "list-where-text-is-tokenised",
        r"expected string or bytes-like object(?:, got '(?P<kind>\w{1,30})')?|"
        r"TypeError: new\(\): invalid data type 'str'|"
        r"expected Tensor as element \d+ in argument \d+, but got (?:list|str)",
        _no_text,
        {
            "TypeError: expected string or bytes-like object, got 'list'": "a list stands where a",
            "TypeError: expected string or bytes-like object, got 'NoneType'": "None stands where",
            "TypeError: expected string or bytes-like object, got 'float'": "NaN",
            "TypeError: expected string or bytes-like object": "no text stands where",
            "TypeError: expected Tensor as element 0 in argument 0, but got list": "collator",
        },
    ),
)
