"""Read the sentences in which a person tells something: no code, no lines of a program."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...values import Value
from ..documentation import is_trouble
from ..source import source_lines

_LONGEST = 1500  # characters of a sentence
_PARAGRAPH = 8192  # characters; a longer line is data
MOST_LINES = 80  # a longer text is the log of a run with a few sentences in it

# What a program prints, and source: nothing is told there.
_NO_SENTENCE = re.compile(
    r"^\s*(?:>>>|\$ |#!|\{['\"]|[\w.-]+==|[\w.]+ ?= ?"
    r"(?!\S+ (?:[a-z]+ [a-z]+ [a-z]+|OOM|(?:on|with|in|puts?|gives?|makes?|attaches|adds|is) "
    r"[\w-]+ [\w-]+))\S|"
    r"from \S+ import\b|import \w+(?: as|,|$)|"
    r"(?:def|class) \w+[(:]|return\b|raise \w+\(|except\b.*:|try:|for \w+ in\b.*:|"
    r"pip3? install|python3? (?:-m|\S+\.py)|export \w+=|- \[[ xX]\])|^\s*[\w.]+\([^)]*(?:\)\W*)?$|"
    r"Traceback \(most recent call last\)|^\s*File \"[^\"]{1,300}\", line \d+|"
    r"^\s*File \S{1,300}\.py:\d+|\.py(?:\]\(\S{0,120}\))? in [\w.]+\(|^\W{0,4}-{2,}> ?\d|"
    r"^\s*(?:\S+\s+){0,5}\S{0,30}https?://\S+\s*$|[{};]\s*$|WARNING|INFO|Warning:|"
    r"^\[ *\d+\.\d{6}\] |^[+-] +(?:raise |return |def |# |import |from |self\.|"
    r"(?:if|for|while|with)\b.*:$)|"
    r"\bloss[\"']?[:=] ?[\"']?\d[^\n]*\b(?:lr|"
    r"learning_rate|epoch|step|grad_norm)\b|\d%\||\[\d+:\d\d[<,]|<!--|^\s*\|(?:[^|\n]*\|){2}"
)
# A line that only opens a list, a heading or a quotation.
_MARK = re.compile(r"^\s*(?:#{1,6} |[-*+•] |\d{1,2}[.)] |>+ ?|\*\*)*")
# What a section below such a heading says should have happened.
_WISHED = re.compile(
    r"(?i)^\W*(?:expected (?:behaviou?r|results?|output)|what (?:should|did you expect)|"
    r"期望(?:行为|结果)|预期)"
)
# How such a section goes on to what did happen.
_HAPPENED = re.compile(r"\W{0,4}(?:However|But|Instead|Actual\w*|Observed|但是?|然而|实际)\b")
_HEADING = re.compile(r"^\s*(?:#{1,6} |\*\*[^*]{3,60}\*\*:?\s*$|[A-Z][\w ]{2,40}:\s*$)")
_END = re.compile(r"(?<=[.!?])[\"')*]{0,2}\s+(?=[\"'(*`]{0,3}[A-Z0-9`])|(?<=[。！？；])")
_WORD = re.compile(r"(?<![\w./\\])[A-Za-z][a-z']{1,}(?![\w/\\=(])|[\u4e00-\u9fff]")
_STAMP = re.compile(r"^\W{0,3}\d{2,4}[-:/]\d\d|^\[[\w.:/ -]+\]|^\(\w+ pid=|^\w+:\d+:")
_CONTINUES = re.compile(r"^\s{0,3}[a-z][\w'`-]* [\w(`]")


class Sentence(Value):
    """A sentence, after the number of the line that it begins in."""

    line: int
    text: str


def sentences(opening: bytes, lines: int) -> Iterator[Sentence]:
    """Yield the sentences of a report.

    Args:
        opening: how the log begins.
        lines: how many lines it has. In a long one only what is plainly prose counts.
    """
    for number, text in _joined(_prose(opening.decode("utf-8", "replace"), lines > MOST_LINES)):
        for part in _END.split(text):
            if part.strip():
                yield Sentence(number, part.strip()[:_LONGEST])


def _prose(text: str, is_long: bool) -> Iterator[tuple[int, str]]:
    """Yield the lines of prose with their numbers, and an empty line where one is left out."""
    is_code = is_wished = False
    source = source_lines(text)
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > _PARAGRAPH or number in source or is_trouble(line):
            yield number, ""
            continue
        if line.lstrip().startswith("```"):
            is_code = not is_code
            yield number, ""
            continue
        if _HEADING.match(line) or _WISHED.match(line):
            is_wished = _WISHED.match(line) is not None
        is_wish = is_wished and not _HAPPENED.match(line)
        if is_code or is_wish or _NO_SENTENCE.search(line) or is_long and not _is_plain(line):
            yield number, ""
        else:
            yield number, line


def _is_plain(line: str) -> bool:
    """Return whether a line of a long log is plainly a sentence of a person."""
    return len(_WORD.findall(line)) >= 4 and not _STAMP.search(line)


def _joined(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield paragraphs: a sentence that is broken over lines becomes one line."""
    start, text = 0, ""
    for number, line in lines:
        if text and len(text) < 2000 and _CONTINUES.match(line) and text[-1] not in ".:!?。；|":
            text += f" {line.strip()}"
            continue
        if text:
            yield start, text
        start, text = number, _MARK.sub("", line).strip()
    if text:
        yield start, text
