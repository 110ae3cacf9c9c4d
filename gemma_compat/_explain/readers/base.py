"""What a reader is: an expression, what a match of it states, and examples of both.

Values come from closed sets, from version numbers or from plain numbers: nothing else of a log
becomes a fact, and so none is printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# How sure a reading is; among equally sure ones the last in the log wins.
MENTIONED, STATED, LISTED = 1, 2, 3


@dataclass(frozen=True)
class Reading:
    """One fact as one line states it.

    Attributes:
        topic: dotted: ``packages.trl``, ``gpus``, ``training.mixed_precision``; ``model`` for a
            published checkpoint, ``model_type`` for what may be meant (a frozenset of types),
            ``figures.loss`` for a number that the run printed.
        value: the fact; ``None`` for known absent.
        strength: how sure it is.
    """

    topic: str
    value: Any
    strength: int = STATED


Read = Callable[[re.Match[str]], Iterator[Reading]]


@dataclass(frozen=True, eq=False)
class Reader:
    """One form in which people state a fact.

    Attributes:
        pattern: what to look for, within a line (or ``lines`` of them).
        read: turns a match into readings.
        examples: texts as people paste them, with the value by topic that must come out of each;
            a value of ``...`` stands for a topic that must not.
        needs: bytes that a piece of the log must contain beside.
        lines: how many lines a match may span.
        limit: after so many matches it is not looked for any more.
    """

    pattern: str
    read: Read
    examples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    needs: bytes = b""
    lines: int = 1
    limit: int = 400


# A line that gives advice says how a run could be, and not how it is.
ADVICE = re.compile(
    r"recommend|should|[Pp]lease|[Cc]onsider|instead|explicit|\b[Tt]ry\b|deprecated|incompatible|"
    r"require|not support|meanwhile|only support"
)


def unless_advice(read: Read) -> Read:
    """The reader for lines that do not give advice."""

    def checked(match: re.Match[str]) -> Iterator[Reading]:
        if not ADVICE.search(match.string):
            yield from read(match)

    return checked


def always(*readings: tuple[str, Any], strength: int = MENTIONED) -> Read:
    """Readings that the mere presence of a text means."""

    def read(match: re.Match[str]) -> Iterator[Reading]:
        for topic, value in readings:
            yield Reading(topic, value, strength)

    return read
