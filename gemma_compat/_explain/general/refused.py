"""Checks of a package that refuse a call: a row for each message, read in the package's source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ...values import Value
from ..answer import Answer
from ..unknown import GENERATED, OWN
from .base import Case, General


class Row(Value):
    """A message, and what it means.

    Attributes:
        example: the message, with the class of its error.
        text: the expression that it is known by.
        happened, do, why: as :class:`.Answer` has them; ``{0}`` is the first group of ``text``.
    """

    example: str
    text: str
    happened: str
    do: tuple[str, ...]
    why: str = ""


def refused(
    name: str,
    packages: Iterable[str],
    rows: Iterable[Row],
    known: str,
    near: Mapping[str, str] | None = None,
) -> General:
    """Return a kind that answers each row's message where one of these packages raised it.

    Args:
        name: the kind's name.
        packages: the modules whose check it is; none where any frame can be the last.
        rows: the messages. The first row that matches answers.
        known: how the conditions are known.
        near: further examples.
    """
    owners = frozenset(packages)
    listed = tuple(rows)

    def answer(case: Case) -> Answer | None:
        if not _is_of(case, owners):
            return None
        for row in listed:
            if match := re.search(row.text.replace("`", "`?"), case.hit.text):
                do = tuple(_filled(line, match) for line in row.do)
                return Answer(_filled(row.happened, match), do, why=row.why, known=known)
        return None

    texts = "|".join(row.text for row in listed)
    examples = {row.example: _word_of(row.do[0]) for row in listed}
    return General(name, texts, answer, {**examples, **(near or {})})


def _filled(line: str, match: re.Match[str]) -> str:
    """Return a line with the groups of the match in place of ``{0}``, ``{1}``, ..."""
    return re.sub(r"\{(\d)\}", lambda number: match.groups("")[int(number[1])], line)


def _word_of(line: str) -> str:
    """Return what an answer with this line must have: words of it between its values."""
    return " ".join(max(re.split(r"\S*\{\d\}\S*", line), key=len).split()[:4])


def _is_of(case: Case, owners: frozenset[str]) -> bool:
    """Return whether one of the packages raised it, as far as the log's frames show."""
    place = case.places[-1] if case.places and owners else None
    if place is None or place.owner == OWN and not place.raises:  # its frames were cut off
        return True
    return place.module in owners or place.module.startswith(GENERATED)
