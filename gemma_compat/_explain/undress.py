"""Undo what a paste did to a log: line breaks that were escaped, what stands before each line, and
lines that a terminal cut at its width.

Only texts of at most one block are touched: longer ones are files, and no person pasted them.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

from .stream import ANSI, BLOCK, Log

# Line breaks of JSON and of a table in Markdown, where few real ones are there.
_ESCAPED = re.compile(rb"(?<!\\)\\n|<br ?/?>")
_OF_A_NOTEBOOK = re.compile(rb"\"name\": \"\w+\",\s+\"message\": \"")  # read as it is
_WINDOWS_PATH = re.compile(rb"\b[A-Za-z]:(?:\\[\w .-]{1,80})+")
_ESCAPES = ((rb"\"", b'"'), (rb"\t", b"\t"), (rb"\/", b"/"), (rb"\u001b", b"\x1b"), (rb"\\", b"\\"))
_FEWEST_BREAKS, _FEW_LINES = 4, 12
# What stands before each line: marks of a quotation, a time, a level, a container.
_TIME = rb"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?"
_PREFIXES = tuple(
    re.compile(text, re.MULTILINE)
    for text in (
        rb"^(?:> ?)+",
        rb"^[\w.-]{1,40} +\| ?",
        rb"^" + _TIME + rb" std(?:err|out) [FP] ?",
        rb"^" + _TIME + rb"(?: - [\w.]{1,40})? - [A-Z]{4,8} - ?",
        rb"^" + _TIME + rb"(?: |$)",
        rb"^(?:INFO|WARNING|ERROR|DEBUG|CRITICAL) \d\d-\d\d \d\d:\d\d:\d\d "
        rb"(?:\[[^\]\n]{1,60}\] ?)?",
    )
)
_SHARE, _FEWEST_LINES = 0.9, 5
_NARROWEST, _WIDEST = 60, 240
_USUAL = {80, 100, 120, 132, 160}
_FEWEST_CUTS, _SHARE_OF_WORDS = 3, 0.5
# What a program prints, and a terminal may cut.
_PRINTED = re.compile(rb'  File "|\.py:\d+: |Traceback \(most')
# Lines that are as wide as others on purpose: rules, boxes, rows of a table.
_DRAWN = re.compile(rb"(.)\1*$|[|+]|\xe2[\x94\x95]")


def undressed(stream: Log) -> tuple[Log, Sequence[int]]:
    """Return the log as it was printed, and for each of its lines the number that it has here.

    The numbers are empty where all lines kept theirs.
    """
    first = _whole(stream)
    if len(first) > BLOCK or b"\0" in first:
        return _Rest(first, stream), ()
    text, numbers = _unfolded(ANSI.sub(b"", first))
    text, numbers = _unwrapped(_without_prefixes(text), numbers)
    return io.BytesIO(text), numbers


def _whole(stream: Log) -> bytes:
    """Read one block and a byte more, or to the end; a pipe gives less than it is asked for."""
    parts: list[bytes] = []
    size = 0
    while size <= BLOCK:
        part = stream.read(BLOCK + 1 - size)
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)


class _Rest:
    """A stream of which the beginning was read already."""

    def __init__(self, first: bytes, stream: Log) -> None:
        self._first, self._stream = first, stream

    def read(self, size: int) -> bytes:
        first, self._first = self._first, b""
        return first or self._stream.read(size)


def _unfolded(text: bytes) -> tuple[bytes, Sequence[int]]:
    """Return the text with real line breaks for those that JSON or a table wrote."""
    if text.count(b"\n") > _FEW_LINES or _OF_A_NOTEBOOK.search(text):
        return text, ()
    if len(_ESCAPED.findall(_WINDOWS_PATH.sub(b"", text))) < _FEWEST_BREAKS:
        return text, ()
    numbers: list[int] = []
    lines: list[bytes] = []
    for number, line in enumerate(text.split(b"\n"), 1):
        parts = _ESCAPED.split(line)
        if b"\\n" in line:
            parts = [_unescaped(part) for part in parts]
        lines += parts
        numbers += [number] * len(parts)
    return b"\n".join(lines), numbers


def _unescaped(part: bytes) -> bytes:
    for escaped, plain in _ESCAPES:
        part = part.replace(escaped, plain)
    return ANSI.sub(b"", part)


def _without_prefixes(text: bytes) -> bytes:
    """Return the text without what stands before nearly each of its lines."""
    for _ in range(3):  # a log with times that was quoted
        filled = sum(1 for line in text.split(b"\n") if line.strip())
        if filled < _FEWEST_LINES:
            return text
        for prefix in _PREFIXES:
            if len(prefix.findall(text)) >= _SHARE * filled:
                text = prefix.sub(b"", text)
                break
        else:
            return text
    return text


def _unwrapped(text: bytes, numbers: Sequence[int]) -> tuple[bytes, Sequence[int]]:
    """Return the text with the lines whole that a terminal cut at its width."""
    lines = text.split(b"\n")
    width = max(map(_width, lines))
    cuts = [
        (line, lines[number])
        for number, line in enumerate(lines[:-1], 1)
        if _width(line) == width and not _DRAWN.match(line)
    ]
    fewest = 1 if width in _USUAL and _PRINTED.search(text) else _FEWEST_CUTS
    if not _NARROWEST <= width <= _WIDEST or len(cuts) < fewest:
        return text, numbers
    if sum(_goes_on(line, below) for line, below in cuts) < _SHARE_OF_WORDS * len(cuts):
        return text, numbers
    whole: list[bytes] = []
    kept: list[int] = []
    is_cut = False
    for number, line in enumerate(lines, 1):
        if is_cut:
            whole[-1] += line
        else:
            whole.append(line)
            kept.append(numbers[number - 1] if numbers else number)
        is_cut = _width(line) == width and not _DRAWN.match(line)
    return b"\n".join(whole), kept


def _goes_on(line: bytes, below: bytes) -> bool:
    """Return whether the cut is within a word, or at a sign that ends and begins no line."""
    last, first = line[-1:], below[:1]
    if not below.strip() or below.startswith((b"  ", b"\t")):
        return False
    if (last.isalnum() or last == b".") and (first.isalnum() or first == b"."):
        return True
    return last in b" ,(_'\"/-=" or first in b" _,)'\"/=-"


def _width(line: bytes) -> int:
    return len(line.decode("utf-8", "replace"))
