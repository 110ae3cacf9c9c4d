"""Match the table of symptoms against the sentences of a report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from ...facts import Facts
from ..documentation import CHANGE, is_documentation, is_form, kind_of_text
from ..error_lines import quotes_an_error
from ..explanation import Generally
from ..general.base import Case
from ..lines import line_of
from ..readers.saying import is_denied, is_not_told
from ..scan import Hit
from . import symptoms
from .base import Symptom
from .languages import SPEAKER, in_english
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
# Who tells so much of himself writes no manual.
_MINE = re.compile(r"\b(?:I(?!/O)|I'm|I've|[Mm]y)\b")
_ENOUGH = 2
_TITLE = 1000  # characters that the title and the line below it are in
_FAILS = re.compile(
    r"(?i)\b(?:not work\w*|n't work\w*|fail\w*|\w*errors?|bugs?|issues?|problems?|wrong(?:ly)?|"
    r"incorrect(?:ly)?|ineffective|broken|crash\w*|stuck|hang(?:s|ing)?|missing|can(?:no|')t|"
    r"unable|OOM|NaN)\b"
)
# What no report of a run goes without, whatever else it says.
_OF_MODELS = re.compile(  # in small letters: to ignore the case would take five times as long
    r"\bmodels?\b|\b(?:re|pre|un)?-?train(?:ed|er|ing|able)?\b|\b(?:fine-?)?tun(?:e|ed|ing)\b|"
    r"loss\b|"
    r"\bgpus?\b|cuda|lora\b|torch|tokens?\b|tokeniz|infer(?:ence|ring)\b|transformers|vram|llm|"
    r"gguf|"
    r"checkpoint|gemma|unsloth|\bsft|\bdpo|grpo|deepspeed|fsdp|gradient|batch|epoch|weights\b|peft|"
    r"out of memory|\boom|accelerate|[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]"
)
# The title of a change that ends a failure.
_MENDS = re.compile(
    rb"(?i)\b(?:fix\w*|bugs?|hotfix|avoid|prevent|resolve[sd]?|solve[sd]?|crash\w*)\b"
)
_FEWEST_WORDS = 2
# Words of who writes, a question, the headings of an issue, or a language without capitals.
_PERSON = re.compile(
    r"(?m)\b(?:I|I'm|I've|im|[Mm]y|me|[Ww]e|[Oo]ur|us|any(?:one|body)|some(?:one|body))\b|[?？]|"
    r"(?i:^\W{0,6}(?:describe the bug|bug description|expected behaviou?r|actual behaviou?r|"
    r"current behaviou?r|(?:steps )?to reproduce|reproduction|system info|what happened)\b)|"
    rf"{SPEAKER}"
)
# Below a heading that complains of nothing: a manual says "we" as well.
_WHO_MET_IT = re.compile(
    r"\b(?:I(?!/O)|I'm|I've|i|im|[Mm]y|me|anyone|[Ww]e (?:get|got|see|saw|hit|met|found|tried|"
    r"cannot|can't|are (?:getting|seeing)|have an?\b|faced?|encounter\w*|observed?|notice\w*))\b|"
    r"[?？]|(?i:describe the bug|to reproduce|what happened|actual behaviou?r|system info)|"
    r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]"
)
_HEADING = re.compile(r"\s*#{1,6} ")
_FEW = 12  # lines of a report that are read whole
_MOST = 60  # matches of one symptom in one sentence that are looked at


def told_answers(
    reading: LogReading, facts: Facts, words: Words, loosely: bool = False
) -> Iterator[Generally]:
    """Yield an answer to each symptom that a sentence tells of, that of the title first.

    Args:
        loosely: ask for the further wordings of each symptom, which count only where nothing else
            in a short report is known.
    """
    if loosely and reading.lines > MOST_LINES or is_documentation(reading.opening):
        return
    is_change = kind_of_text(reading.opening) == CHANGE
    if is_change and (loosely or not _MENDS.search(reading.opening[:_TITLE].partition(b"\n")[0])):
        return
    found = [i for i in sentences(reading.opening, reading.lines) if not _is_error(i, reading)]
    if is_change:  # below its title stands how it was made
        found = found[:1]
    text = reading.opening.decode("utf-8", "replace")
    is_long = reading.lines > _FEW and not is_form(text) and len(_MINE.findall(text)) < _ENOUGH
    if is_long:  # documentation is long prose as well, and complains of nothing
        found = [
            i for number, i in enumerate(found) if number < _FIRST or _COMPLAINS.search(i.text)
        ]
    if reading.lines > _FIRST and not _is_of_models(reading):
        return
    if not _is_a_report(found, reading):
        found = found[: 1 if reading.lines > _FIRST else _FIRST]
    benign = {hit.line for _, hit, _ in reading.notices}  # a harmless line complains of nothing
    found = [i for i in found if i.line not in benign]
    if not found:
        return
    table = [item for item in symptoms() if not (item.yields and quotes_an_error(reading))]
    troubles = [item for item in table if not item.is_setting]
    settings = [item for item in table if item.is_setting]
    first = [] if loosely else found[:1]
    asked = [(told, part) for part in (troubles, settings) for told in (first, found) if told]
    yield from _of_table(asked, reading, facts, words, loosely)


def _is_of_models(reading: LogReading) -> bool:
    text = reading.opening.decode("utf-8", "replace").lower()
    rows = "\n".join(dict.fromkeys(text.split("\n")))  # those of a traceback repeat
    return len({match[0] for match in _OF_MODELS.finditer(rows)}) >= _FEWEST_WORDS


def _is_a_report(found: Sequence[Sentence], reading: LogReading) -> bool:
    """Return whether a run or a person speaks in a text; documentation does neither.

    Where none does, only the title and the line below it count.
    """
    text = reading.opening.decode("utf-8", "replace")
    title = [line for line in text[:_TITLE].splitlines() if line.strip()][:_FIRST]
    if title and _HEADING.match(title[0]):  # what stands below it is of that chapter
        title = title[:1]
    is_run = bool(reading.log.facts.unsloth.get("used"))
    if title and _HEADING.match(title[0]) and not (is_run or _WHO_MET_IT.search(text)):
        return _FAILS.search(title[0]) is not None
    return is_run or _FAILS.search("\n".join(title)) is not None or _PERSON.search(text) is not None


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
    spoken: set[tuple[int, str]] = set()  # sentences that one symptom explains already
    for told, table in asked:
        everything = "\n".join(in_english(sentence.text) for sentence in told).lower()
        for symptom in table:
            if symptom.name in answered or not _may_match(symptom, everything):
                continue
            for hit in _hits(symptom, told, reading, loosely):
                case = Case(hit, None, reading.log, facts)
                answer = None if (hit.line, hit.text) in spoken else symptom.answer(case)
                if answer is not None:
                    answered.add(symptom.name)
                    spoken.add((hit.line, hit.text))
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
        for count, match in enumerate(pattern.finditer(in_english(sentence.text))):
            if count < _MOST and not (is_denied(match) or is_not_told(match)):
                yield Hit("told", symptom, sentence.line, sentence.text, match, before)


@lru_cache(maxsize=None)  # as many as the table has
def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.ASCII)  # "loss" ends before Chinese
