"""Match the table of symptoms against the sentences of a report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from ...facts import Facts
from ..error_lines import quotes_an_error
from ..explanation import Generally
from ..general.base import Case
from ..lines import line_of
from ..readers.saying import is_denied
from ..scan import Hit
from . import symptoms
from .base import Symptom
from .sentences import MOST_LINES, Sentence, sentences

if TYPE_CHECKING:
    from ..excerpt import Words
    from ..read_log import LogReading

_FIRST = 3  # sentences of a long text: its title, and what follows
_COMPLAINS = re.compile(
    r"(?i)\b(?:I|I'm|my|me|we|our|bug|issue|error|fail\w*|crash\w*|problem|help|why|wrong|not|no|"
    r"never|stuck|"
    r"question|expected|unexpected|however|observed?|during|after|when)\b|n't\b|[?？]|"
    r"[\u4e00-\u9fff]"
)
_MOST = 60  # matches of one symptom in one sentence that are looked at


def told_answers(
    reading: LogReading, facts: Facts, words: Words, loosely: bool = False
) -> Iterator[Generally]:
    """Yield an answer to each symptom that a sentence tells of, that of the title first.

    Args:
        loosely: ask for the further wordings of each symptom, which count only where nothing else
            in a short report is known.
    """
    if loosely and reading.lines > MOST_LINES:
        return
    found = [i for i in sentences(reading.opening, reading.lines) if not _is_error(i, reading)]
    if reading.lines > MOST_LINES:  # documentation is long prose as well, and complains of nothing
        found = [
            i for number, i in enumerate(found) if number < _FIRST or _COMPLAINS.search(i.text)
        ]
    if loosely:  # of a line that is harmless, "it fails" says nothing
        benign = {hit.line for _, hit, _ in reading.notices}
        found = [i for i in found if i.line not in benign]
    if not found:
        return
    table = [item for item in symptoms() if not (item.yields and quotes_an_error(reading))]
    asked = [(found, table)] if loosely else [(found[:1], table), (found, table)]
    yield from _of_table(asked, reading, facts, words, loosely)


def _is_error(sentence: Sentence, reading: LogReading) -> bool:
    """Return whether a sentence belongs to an exception's message."""
    quoted = reading.told is not None and reading.told.line == sentence.line
    return quoted or reading.is_raised_at(sentence.line)


def _of_table(
    asked: Iterable[tuple[Sequence[Sentence], Sequence[Symptom]]],
    reading: LogReading,
    facts: Facts,
    words: Words,
    loosely: bool,
) -> Iterator[Generally]:
    answered: set[str] = set()
    for told, table in asked:
        everything = "\n".join(sentence.text for sentence in told).lower()
        for symptom in table:
            if symptom.name in answered or not _may_match(symptom, everything):
                continue
            for hit in _hits(symptom, told, reading, loosely):
                case = Case(hit, None, reading.log, facts)
                answer = symptom.answer(case)
                if answer is not None:
                    answered.add(symptom.name)
                    yield Generally(symptom.name, answer, line_of(hit, words), reading.last is None)
                    break


def _may_match(symptom: Symptom, text: str) -> bool:
    return not symptom.words or any(word in text for word in symptom.words)


def _hits(
    symptom: Symptom, told: Iterable[Sentence], reading: LogReading, loosely: bool
) -> Iterator[Hit]:
    text = symptom.loosely if loosely else symptom.text
    if not text:
        return
    pattern = _compiled(text)
    before = reading.opening.decode("utf-8", "replace")
    for sentence in told:
        for count, match in enumerate(pattern.finditer(sentence.text)):
            if count < _MOST and not is_denied(match):
                yield Hit("told", symptom, sentence.line, sentence.text, match, before)


@lru_cache(maxsize=None)  # as many as the table has
def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.ASCII)  # "loss" ends before Chinese
