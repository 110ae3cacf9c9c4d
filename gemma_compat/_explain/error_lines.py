"""Find an error without an exception's class, as a report quotes it or C++ prints it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..values import Value
from .source import source_lines
from .told.sentences import MOST_LINES

if TYPE_CHECKING:
    from .read_log import LogReading

# An error without a class: as programs in other languages print it, or as a sentence quotes it.
_ERROR_LINES = tuple(
    re.compile(text)
    for text in (
        # no name of a file or a model
        r"(?:error|错误|报错)[^\"`“\n]{0,60}[\"`“](?=[^\"`”\n]* |[A-Z_]{8})"
        r"(?P<text>[A-Za-z][^\"`”\n]{11,300})[\"`”]",
        r"\b(?:[Ee]rror|ERROR|FATAL|[Ff]atal|错误|报错)(?: (?:message|text)|\[\w+\])?"
        r"\W{0,6}[:：]\W{0,4}"
        r"(?P<text>[A-Za-z]\S* \S[^\n]{4,300})",
        r"\b(?:[Ff]ail(?:s|ed)|[Cc]rash(?:es|ed)|[Dd]ies|[Ss]tops) with(?: the message)? ?[:\"`“]"
        r"\W{0,3}(?P<text>[A-Za-z]\S* \S[^\n\"`”]{4,300})",
        r"(?P<text>\b(?:terminate called after|libc\+\+abi: terminating)[^\n]{0,300})",
        r"^\W{0,4}(?P<text>(?:Failed|Unable) to [^\n]{8,300})",
    )
)


class ErrorLine(Value):
    """An error without an exception's class; its text is private."""

    line: int
    text: str
    raw: str


def error_line_in(opening: bytes, lines: int) -> ErrorLine | None:
    """Return the first error without a class that a report quotes; ``None`` if it quotes none."""
    if lines > MOST_LINES:
        return None
    text = opening.decode("utf-8", "replace")
    source = source_lines(text)
    for pattern in _ERROR_LINES:
        for number, line in enumerate(text.splitlines(), 1):
            found = pattern.search(line)
            if found and number not in source and not CAUGHT.search(line):
                return ErrorLine(number, found["text"].strip(), line.strip())
    return None


def quotes_an_error(reading: LogReading) -> bool:
    """Return whether a report without a traceback quotes an error, with its class or without."""
    if reading.told is not None and not CAUGHT.search(reading.told.hit.text):
        return True
    return error_line_in(reading.opening, reading.lines) is not None


# Such a line tells of an error that was caught, or is source.
CAUGHT = re.compile(
    r"(?i)warn|retry|fall(?:ing)? ?back|\bignor|skipp|caught|\bexcept\b|\braise [a-z]|"
    r"\bif (?:you|there|the|an)\b|\bprint\(|\bthrow \w|\berrors?\.New\(|\bErrorf\(|\bgoto \w|"
    r"/\*|\*/|more information"
)
