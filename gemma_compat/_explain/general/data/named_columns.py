"""Columns that a setting or a call names, and the data set lacks."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .row_readers import (
    name_that_is_none,
)


def _no_column(case: Case) -> Answer | None:
    """Answer a KeyError beside code that takes a column whose name the settings give."""
    near = case.code or case.hit.before[-1500:] + case.around + case.hit.after[:1500]
    found = re.search(
        r"\[(?:self\.)?(?:config|\w{0,12}args|cfg)\.(?P<name>\w{0,40}column\w*)\]|"
        r"\[self\.(?P<key>\w{1,30}_(?:key|field|column))\]",
        near,
    )
    if not found:
        return None
    setting = found["name"] or found["key"]
    return Answer(
        f"the rows have no column {case.match['name']}, which {setting} names",
        (
            "print(dataset.column_names)",
            f"{setting} with one of these names (a column mapping, on a form), or "
            f"dataset.rename_column(OLD, '{case.match['name']}')",
        ),
        known="the line of code that raised takes the column's name from the settings",
    )


KINDS: tuple[General, ...] = (
    General(
        "column-whose-name-is-none",
        r"^(?:\S{1,20} )?KeyError: None\s*$",
        name_that_is_none,
        {
            "    element[dataset_text_field] if not use_formatting_func else formatting_func("
            "element),\nKeyError: None": "dataset_text_field is not set",
            "    return self.tables[name]\nKeyError: None": "",
        },
    ),
    General(
        "column-not-in-the-data",
        r"Column(?: name)? \[?'?(?P<name>[\w', -]{1,120})\]? not in the dataset|"
        r"Column(?: to remove| name\(s\))? \[.{1,120}\] not in the dataset|"
        r"KeyError: 'Field \"[\w .-]{1,60}\" does not exist in schema'",
        always(
            "a column that was asked for is not in the data set",
            "print(dataset.column_names)",
            known="the message names it",
            settles=False,
        ),
        {
            "ValueError: Column to remove ['x'] not in the dataset. Current columns in the dataset:"
            " ['text']": "column_names",
            "KeyError: 'Field \"messages\" does not exist in schema'": "column_names",
        },
    ),
    General(
        "column-of-the-settings-missing",
        r"KeyError: '(?P<name>[\w-]{1,60})'",
        _no_column,
        {
            "KeyError: 'autotrain_prompt'\nprompts = [example[config.prompt_text_column] for "
            "example in examples]\n": "autotrain_prompt",
            "KeyError: 'gemma9'\nx = names[config.model_type]\n": "",
            "    prompt = example[self.prompt_key]\nKeyError: 'problem'": "prompt_key names",
        },
    ),
)
