"""Find where a text only says what to do if an error comes: then it did not come in a run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .told.sentences import MOST_LINES

if TYPE_CHECKING:
    from .raised import Raised
    from .read_log import LogReading

# What announces an error that a reader may meet.
_MAY_COME = re.compile(
    r"(?i)\b(?:if|when(?:ever)?|in case|should) (?:you|the user|users|one)(?:'re| are)? "
    r"(?:\w+ ){0,3}"
    r"(?:sees?|gets?|encounters?|hits?|faces?|runs? into|receives?|comes? across)\b|"
    r"\byou(?:'ll| may| might| will| can| could| would)? (?:\w+ ){0,2}"
    r"(?:see|get|run into|encounter|hit|face|receive)\b|"
    r"\berrors? like (?:this|the following|these)\b|"
    r"\b(?:common|known|typical|frequent) (?:errors?|issues?|problems?)\b|"
    r"^\W*(?:troubleshooting|faq|raises)\b|\bwhat (?:does|is|do)\b[^\n]{0,30}$|"
    r"(?:如果|若|当|假如)(?:你|您|用户)?[^\n]{0,8}(?:遇到|出现|看到|碰到|报)|常见(?:问题|错误|报错)"
)
# Who tells what happened: a person, or the form of an issue.
_HAPPENED = re.compile(
    r"\b(?:I|I'm|I've|[Mm]y|me)\b|我|\b(?:is|are) there any|(?i:has any(?:one|body)|please help)|"
    r"(?i:^\W{0,6}(?:describe the bug|bug description|(?:steps )?to reproduce|system info|"
    r"what happened|actual behaviou?r)\b)",
    re.MULTILINE,
)
# What a program prints, and no text about it.
_PRINTED = re.compile(
    r"\d%\||\bit/s\b|^\W{0,3}(?:INFO|WARNING|ERROR|DEBUG)\b|^\W?\d{4}-\d\d-\d\d[T ]|^\[rank\d",
    re.MULTILINE,
)
_HEADING = re.compile(r"^#{1,6} |^[A-Z][\w ]{3,40}:?$")
_FENCE = re.compile(r"^\W*(?:`{3}|~{3})|^\W*$")
_WORD = re.compile(r"[A-Za-z][a-z']+|[\u4e00-\u9fff]{2}")
_FEWEST_WORDS = 3
_ABOVE = 2  # rows above an error that announce it


def supposed_at(reading: LogReading) -> int:
    """Return the line that announces the error as one that may come; 0 where it came.

    All errors of the text must be announced so, and what to do must stand below them.
    """
    found = [item for item in (*reading.raised, reading.told) if item is not None]
    is_run = reading.log.finished_at or reading.log.figures.losses
    if not found or is_run or reading.lines > MOST_LINES:
        return 0
    text = reading.opening.decode("utf-8", "replace")
    if _HAPPENED.search(text) or _PRINTED.search(text):
        return 0
    rows = text.splitlines()
    if not _goes_on(rows, found[-1]):
        return 0
    lines = [_announced_at(rows, item) for item in found]
    return lines[0] if all(lines) else 0


def _goes_on(rows: list[str], last: Raised) -> bool:
    """Return whether a sentence stands below the last error, or behind it in its line."""
    behind = [last.hit.text[last.hit.match.end() :]] if last.hit.kind == "quoted" else []
    below = rows[last.line + last.message.count("\n") :]
    return any(len(_WORD.findall(row)) >= _FEWEST_WORDS for row in (*behind, *below))


def _announced_at(rows: list[str], item: Raised) -> int:
    """Return the line above an error, or its own, that announces it; 0 without one."""
    before = item.hit.text[: item.hit.match.start()]
    if _MAY_COME.search(before):
        return item.line
    start = item.line - 1
    while start and not _begins(rows[start]) and _is_of_traceback(rows[start - 1]):
        start -= 1
    above = [(n, row) for n, row in enumerate(rows[:start], 1) if not _FENCE.match(row)]
    near = above[-_ABOVE:]
    heading = next(((n, row) for n, row in reversed(above) if _HEADING.match(row)), None)
    for number, row in [*reversed(near), *([heading] if heading else [])]:
        if _MAY_COME.search(row):
            return number
    return 0


def _begins(row: str) -> bool:
    return "Traceback (most recent call last)" in row


def _is_of_traceback(row: str) -> bool:
    return _begins(row) or row.startswith((" ", "\t"))
