"""Collect the general layer's answers to one log, those to its last error first. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..facts import Facts
from ..tables.renamed_arguments import renamed
from .broken_lines import broken_lines
from .cut import NAMED_AT, cut_answer
from .documentation import is_documentation, is_trouble
from .explanation import SAYS_ITSELF, Generally, Line
from .figures import NAMES as FIGURES
from .figures import figure_answers
from .general import Case, General, generals
from .general.own_words import own_words
from .general.processes.processes import REPORT
from .lines import line_of
from .raised import BLOCK
from .readers.saying import is_denied
from .source import is_source
from .told.find import told_answers

if TYPE_CHECKING:
    from .excerpt import Words
    from .raised import Raised
    from .read_log import LogReading
    from .scan import Hit


# What stands before a message that a person or a program reports without its class.
_REPORTED = re.compile(
    r"(?i)error|exception|fail|crash|problem|报错|错误|\b(?:says?|gives?(?: me)?|gets?|got)\W*$|"
    r"[\"'`“(]$"
)


_TITLE = re.compile(r"(?i)\s*(?:#{1,3} |\[|(?:title|issue|subject|bug|question)\b)")
# Errors that pass on the one before them.
_PASSED_ON = {REPORT, "module-of-transformers-fails", "module-loaded-late-fails"}
# A line that announces the error below it: "I get the following error:".
_ANNOUNCED = re.compile(
    r"(?i)\b(?:errors?|exception|traceback|crash\w*|fail\w*|message|problem|issue|says|saying|"
    r"with|this|following)\b[^\n]{0,100}: *[`>*]{0,4}\s*$|(?:报错|错误|如下)[^\n]{0,10}[:：]\s*$|"
    r"^#{1,4} .{0,30}(?:error|traceback|log|output)"
)


_RAISES = re.compile(r"\braise [A-Z]\w{2,40}\(")
# Code before a quotation mark: then it opens a string of a program.
_CODE = re.compile(r"\w\(|=|[fr]\"|\":")


def _is_in_quotes(before: str) -> bool:
    """Return whether a quotation is open at the end of what stands before a text in its line."""
    if before.count("`") % 2:
        return True
    return bool(before.count('"') % 2) and _CODE.search(before) is None


def _is_in_backticks(hit: Hit, before: str) -> bool:
    """Return whether backticks that an earlier line of the paragraph opened are still open."""
    paragraph = hit.before.rpartition("\n\n")[2][-600:]
    return bool((paragraph + before).replace("```", "").count("`") % 2)


# A line that begins as Python's own errors do, without their class.
_OF_PYTHON = re.compile(
    r"[^\w'\n]{0,8}(?:'\w{2,60}' (?:object )?has no attribute '|No module named '|"
    r"cannot import name '|name '\w{1,60}' is not defined)"
)
# What no healthy line has, wherever it stands.
_OF_A_CALL = re.compile(
    r"[\w.]{1,80}__init__\(\) (?:got an unexpected keyword argument '|missing \d)"
)


def _is_reported(hit: Hit, reading: LogReading) -> bool:
    """Return whether a log without any exception reports this text as a failure.

    A log of a run that took steps or ended well does not: what it quotes was caught.
    """
    if reading.raised or reading.log.figures.losses or reading.log.finished_at:
        return False
    before = hit.text[: hit.match.start()][-120:]
    if _RAISES.search(before):
        return False
    if _REPORTED.search(before) is not None or _is_in_quotes(before):
        return True
    if _is_in_backticks(hit, before):
        return True
    if _OF_PYTHON.match(hit.text) is not None and hit.match.start() <= 8:
        return True
    if _OF_A_CALL.match(hit.text, hit.match.start()) is not None:
        return True
    if reading.lines == 1 and hit.match.start() <= 2:  # the writer asks what that message means
        return True
    above = [line for line in hit.before[-600:].splitlines() if line.strip("`> \t")]
    if hit.line == 1 and reading.lines > 1:
        return _TITLE.match(hit.text) is not None or hit.match.start() <= 2
    return bool(above) and _ANNOUNCED.search(above[-1]) is not None


def _counts_alone(hit: Hit, kind: General, reading: LogReading) -> bool:
    """Return whether a text that belongs to no exception tells of something that happened."""
    if not (kind.alone or _is_reported(hit, reading)):
        return False
    if is_denied(hit.match) or is_trouble(hit.text):
        return False
    return not (is_documentation(reading.opening) or is_source(hit))


def general_answers(reading: LogReading, facts: Facts, words: Words) -> tuple[Generally, ...]:
    """Return what can be said without a rule, the most particular answers first."""
    found = [*_of_one_message(reading, _of_texts(reading, facts, words))]
    found += _of_figures(reading, facts, words)
    if not any(item.raised for item in found):
        found += broken_lines(reading, facts, words, _of_texts)
    if reading.last is not None and not any(item.raised for item in found):
        found += _of_its_own_words(reading.last, reading, facts, words)
    first: dict[int, Generally] = {}  # of one line, the most particular
    for item in found:
        first.setdefault(item.line.number, item)
    once = {(item.name, item.answer.happened): item for item in reversed(first.values())}
    kept = list(once.values())[::-1]
    texts = {item.line.number for item in kept if item.name not in FIGURES}
    if reading.last is None or not any(item.raised for item in kept):
        # Beside an error that is answered, a sentence tells of the same in other words.
        kept += [i for i in told_answers(reading, facts, words) if i.line.number not in texts]
    if (cut := cut_answer(reading, facts, words)) is not None:
        says_more = NAMED_AT in cut.answer.happened or len(cut.answer.do) > 1
        kept.insert(0 if says_more else len(kept), cut)
    others = [item for item in kept if item.name not in _PASSED_ON]
    # That a child process or a module failed says less than what it failed of.
    told_more = any(item.raised for item in others) or not any(item.raised for item in kept)
    chosen = others if told_more else kept
    return tuple(_without_repeats(sorted(chosen, key=lambda item: not item.raised)))


def _of_one_message(reading: LogReading, found: Iterable[Generally]) -> Iterator[Generally]:
    """Yield all but what less particular kinds say of further lines of the last error's message."""
    message = range(reading.last.line, reading.last.line + BLOCK) if reading.last else range(0)
    answered = 0  # the line of the message that has its answer
    for item in found:
        line = item.line.number
        if item.raised and line in message:
            if answered and answered != line:
                continue
            answered = line
        yield item


def _without_repeats(items: list[Generally]) -> Iterator[Generally]:
    """Yield each answer once: several lines may tell the same of one failure."""
    told: set[str] = set()
    for item in items:
        if item.answer.happened not in told:
            told.add(item.answer.happened)
            yield item


def vague_answers(reading: LogReading, facts: Facts, words: Words) -> tuple[Generally, ...]:
    """Return what a short report tells of in vaguer words, where nothing else in it is known."""
    has_run = reading.log.finished_at or reading.log.figures.losses
    if has_run or reading.cut_at or reading.raised:
        return ()
    return tuple(told_answers(reading, facts, words, loosely=True))[:1]


# A numbered line of source that a notebook shows around the one that raised (which has an arrow).
_AROUND = re.compile(
    r"^\s{0,8}\d{1,5} {2,}\S|^\s{0,8}\d{1,5} +(?:raise|return|if|except|def|f?\"|f?')"
)


def _is_shown_around(hit: Hit, last: Raised | None) -> bool:
    return (last is None or hit.line != last.line) and _AROUND.match(hit.text) is not None


def _is_of_last(hit: Hit, reading: LogReading) -> bool:
    """Return whether a hit is of the last error, and not of source that was pasted above it."""
    if not reading.is_of_last(hit.line):
        return False
    above = reading.last is not None and hit.line < reading.last.line
    return not (above and is_source(hit))


def _is_warned_of(hit: Hit) -> bool:
    """Return whether a warning of Python tells this: who warns goes on."""
    return "Warning: " in hit.text[: hit.match.start()]


# A statement that raises in its own words, and what is run from its checkout.
_WORDED = re.compile(r"(?:raise [A-Z][\w.]*\(|assert\b[^\"']*)\s*[rfuRFU]{0,2}[\"'](?P<words>.+)")
_OPENED = re.compile(r"(?:raise [A-Z][\w.]*|assert\b[^\"']*)\($")
_APART = re.compile(r"\{[^{}]{0,200}\}|%[sdr]")
_TOOLS = re.compile(
    r"(?i)llama\.?cpp|mlx|llama-?factory|tensorrt|lerobot|evaluate[/\\]|zero_to_fp32|"
    r"[/\\](?:src|examples)[/\\]\w+[/\\]|(?:convert|export|quanti[sz])\w*\.py"
)
# What these say is read off the message, whoever raised it.
_OF_ANYONE = {
    "value-beside-its-list",
    "message-says-which-release",
    "message-says-what-to-install",
}


def _is_worded_by_the_script(case: Case) -> bool:
    """Return whether the user's own statement raised the last error in its own words.

    Then no library said them. What a statement only hands on, such as another program's output,
    stands in none of its literals.
    """
    traceback = case.error.traceback if case.error else ""
    if "raise " not in traceback and "assert" not in traceback:  # to read frames takes a MiB
        return False
    if not case.is_of_the_script or _TOOLS.search(case.frames):
        return False
    worded = _WORDED.match(case.code)
    if worded is None:
        return _OPENED.match(case.code) is not None and 0 <= case.message.find(case.match[0]) < 3
    text = re.sub(r"[\"']", "", case.match[0])
    parts = (re.sub(r"[\"']", "", part).strip(" )") for part in _APART.split(worded["words"]))
    return any(part in text or text in part for part in parts if len(part) > 5)


def _of_texts(reading: LogReading, facts: Facts, words: Words) -> Iterator[Generally]:
    # A launcher's report says nothing of the cause, and a traceback that is cut has none: then
    # every text of the log counts.
    is_report = reading.last.is_of_a_launcher if reading.last else bool(reading.cut_at)
    for kind in generals():
        hits = reading.general.get(kind.name, [])
        hits = [hit for hit in hits if not _is_shown_around(hit, reading.last)]
        if is_report and not kind.alone:
            hits = [hit for hit in hits if not _is_warned_of(hit)]
        of_last = [hit for hit in hits if _is_of_last(hit, reading)]
        if not (of_last or is_report):
            hits = [hit for hit in hits if _counts_alone(hit, kind, reading)]
        if not of_last and not hits:
            continue
        hit = (of_last or hits)[-1]
        last = reading.last if of_last else None
        case = Case(hit, last, reading.log, facts)
        if last and kind.name not in _OF_ANYONE and _is_worded_by_the_script(case):
            continue
        answer = kind.answer(case)
        if answer is not None:
            answer = answer.replace(do=tuple(renamed(text, facts) for text in answer.do))
            raised = bool(of_last) or not reading.last or is_report
            yield Generally(kind.name, answer, line_of(hit, words), raised)


def _of_its_own_words(
    last: Raised, reading: LogReading, facts: Facts, words: Words
) -> Iterator[Generally]:
    answer = own_words(Case(last.hit, last, reading.log, facts))
    if answer is not None:
        yield Generally(SAYS_ITSELF, answer, line_of(last.hit, words), True)


def _of_figures(reading: LogReading, facts: Facts, words: Words) -> Iterator[Generally]:
    if is_documentation(reading.opening) and not reading.log.figures.losses:
        return
    for name, number, answer in figure_answers(reading.log, facts):
        yield Generally(name, answer, Line(number, words.excerpt(name), ""), reading.last is None)
