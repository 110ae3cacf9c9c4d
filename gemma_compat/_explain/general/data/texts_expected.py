"""Something else where a text is tokenized."""

from __future__ import annotations

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


KINDS: tuple[General, ...] = (
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
