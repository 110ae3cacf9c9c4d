"""What a reader is: an expression, what a match of it states, and examples of both.

Values come from closed sets, version numbers or plain numbers. Nothing else of a log becomes a
fact, so nothing private is printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...values import Value

# How sure a reading is. Among equally sure readings the last in the log wins.
MENTIONED, STATED, LISTED = 1, 2, 3


class Reading(Value):
    """One fact as one line states it.

    Attributes:
        topic: dotted: ``packages.trl``, ``gpus``, ``training.mixed_precision``; ``model`` for a
            published checkpoint, ``model_type`` for the possible types (a frozenset),
            ``figures.loss`` for a number that the run printed.
        value: the fact; ``None`` for known absent.
        strength: how sure it is.
    """

    topic: str
    value: Any
    strength: int = STATED


Read = Callable[[re.Match[str]], Iterator[Reading]]


class Reader(Value, eq=False):
    """One form in which people state a fact.

    Attributes:
        pattern: what to search for, within a line (or ``lines`` of them).
        read: turns a match into readings.
        examples: texts as people paste them, with the value that each topic must get; a topic with
            the value ``...`` must not be read.
        lines: how many lines a match may span.
        limit: how many matches to find before the search ends.
        longest: of the lines that are searched, in bytes; 0 for any.
        words: one of these stands in a match: words in lower case, with ``*`` where letters may
            stand beside one, signs, or numbers of cards ("A00"). Behind a bar is the text that a
            word must be part of, with 0 for each digit; all signs in it are as good as blanks.
            Needed by an expression that requires no word, or none that is rare.
        needs: one of these texts stands in a match as well, where words are stated.
        holds: a simple expression that is found in every match, and is searched for first.
    """

    pattern: str
    read: Read
    examples: Mapping[str, Mapping[str, Any]] = {}
    lines: int = 1
    limit: int = 400
    longest: int = 0
    words: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    holds: str = ""


# A line that gives advice says how a run could be set up, and not how it is.
ADVICE = re.compile(
    r"recommend|should|[Pp]lease|[Cc]onsider|instead|explicit|\b[Tt]ry\b|\bTrying\b(?! to)|"
    r"deprecated|incompatible|require|not support|meanwhile|only support|\bfixed by\b|"
    r"\bby adding\b|\b[Ff]ix(?:es)? (?:is|this|it)\b|\b[Ii]f (?:I|you|we|one)\b|\bworkaround\b|"
    r"\b(?:[Cc]an|could|may|might) (?:I|you|we|one)\b"
)


def unless_advice(read: Read) -> Read:
    """Return the reader restricted to lines that do not give advice."""

    def checked(match: re.Match[str]) -> Iterator[Reading]:
        if not ADVICE.search(match.string):
            yield from read(match)

    return checked


def always(*readings: tuple[str, Any], strength: int = MENTIONED) -> Read:
    """Return a reader that makes these readings wherever the text occurs."""

    def read(match: re.Match[str]) -> Iterator[Reading]:
        for topic, value in readings:
            yield Reading(topic, value, strength)

    return read
