"""Undo what a paste did to a log: line breaks that were escaped, what stands before each line, and
lines that a terminal cut at its width. An error that a report says is over is left out, too.

Only texts of at most one block are touched: longer ones are files, and no person pasted them.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from .._files import parse_json
from .past import without_past
from .stream import ANSI, BLOCK, Log
from .tags import without_tags

# Line breaks of JSON and of a table in Markdown, where few real ones are there.
_ESCAPED = re.compile(rb"(?<!\\)\\n|<br ?/?>")
_OF_A_NOTEBOOK = re.compile(rb"\"name\": \"\w+\",\s+\"message\": \"")  # read as it is
_WINDOWS_PATH = re.compile(rb"\b[A-Za-z]:(?:\\[\w .-]{1,80})+")
_ESCAPES = ((rb"\"", b'"'), (rb"\t", b"\t"), (rb"\/", b"/"), (rb"\u001b", b"\x1b"), (rb"\\", b"\\"))
_FEWEST_BREAKS, _FEW_LINES = 4, 12
# A row of a log in JSON or logfmt: where its text stands, and rows that have no text.
_MESSAGE = re.compile(
    rb"(?:[\"'](?:textPayload|message|msg|log)[\"']\s?:\s?|\bmsg=)\"(?P<text>(?:[^\"\\\n]|\\.)*)\""
)
_OF_JSON = re.compile(rb"\s*(?:[\[\]{},]+\s*$|\"[\w./-]{1,60}\"\s?:)")
# What stands before each line: marks of a quotation, a time, a level, a container.
_TIME = rb"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?"
_PREFIXES = tuple(
    re.compile(text, re.MULTILINE)
    for text in (
        rb"^(?:> ?)+",
        rb"^[\w.-]{1,40} +\| ?",
        rb"^" + _TIME + rb"(?: std(?:err|out) [FP]| ?\[std(?:err|out)\]:?) ?",
        rb"^" + _TIME + rb"(?: - [\w.]{1,40})? - [A-Z]{4,8} - ?",
        rb"^" + _TIME + rb"(?: |$)",
        rb"^(?:INFO|WARNING|ERROR|DEBUG|CRITICAL) \d\d-\d\d \d\d:\d\d:\d\d "
        rb"(?:\[[^\]\n]{1,60}\] ?)?",
    )
)
# A tag in front of each line, always the same; of ranks each is read apart.
_TAG = re.compile(rb"^\[(?!rank|default\d)[^\]\n]{1,60}\](?:<\w{1,10}>)?:?", re.MULTILINE)
_SHARE, _FEWEST_LINES, _FEWEST_ROWS = 0.9, 5, 3
_NARROWEST, _WIDEST = 60, 240
_USUAL = {80, 100, 120, 132, 160}
_FEWEST_CUTS, _SHARE_OF_WORDS = 3, 0.5
# What a program prints, and a terminal may cut.
_PRINTED = re.compile(rb'  File "|\.py:\d+: |Traceback \(most')
# Lines that are as wide as others on purpose: rules, boxes, rows of a table.
_DRAWN = re.compile(rb"(.)\1*$|[|+]|\xe2[\x94\x95]")
# What begins a line, however wide the one above it is.
_BEGINS = re.compile(
    rb"(?:\w+\.)*[A-Z]\w*(?:Error|Exception|Interrupt): |Traceback \(most|  File \""
)


def undressed(stream: Log) -> tuple[Log, Sequence[int]]:
    """Return the log as it was printed, and for each of its lines the number that it has here.

    The numbers are empty where all lines kept theirs.
    """
    first = _whole(stream)
    if len(first) > BLOCK or b"\0" in first:
        return _Rest(first, stream), ()
    text, numbers = _messages(ANSI.sub(b"", first))
    if not numbers:
        text, numbers = _unfolded(text)
    text, numbers = _unwrapped(without_tags(_without_prefixes(text)), numbers)
    text = without_past(text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
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


def _messages(text: bytes) -> tuple[bytes, Sequence[int]]:
    """Return the texts of a log in JSON or logfmt, where nearly each row has one."""
    rows = text.split(b"\n")
    found = [_MESSAGE.search(row) for row in rows]
    known = sum(1 for row, match in zip(rows, found, strict=True) if match or _OF_JSON.match(row))
    filled = sum(1 for row in rows if row.strip())
    if sum(map(bool, found)) < _FEWEST_ROWS or known < _SHARE * filled:
        return text, ()
    lines: list[bytes] = []
    numbers: list[int] = []
    for number, match in enumerate(found, 1):
        if match:
            parts = _unquoted(match["text"]).split(b"\n")
            lines += parts
            numbers += [number] * len(parts)
    return b"\n".join(lines), numbers


def _unquoted(text: bytes) -> bytes:
    try:
        read = parse_json(b'"' + text + b'"')
    except ValueError:
        return text
    return str(read).encode("utf-8", "replace").rstrip(b"\n")


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
            tags = Counter(_TAG.findall(text))
            most = max(tags, key=tags.__getitem__, default=b"")  # most_common imports heapq
            if tags[most] < _SHARE * filled:
                return text
            tag = rb"^" + re.escape(most)
            tag += b"" if re.search(tag + rb"\S", text, re.MULTILINE) else b" ?"
            text = re.sub(tag, b"", text, flags=re.MULTILINE)
    return text


def _unwrapped(text: bytes, numbers: Sequence[int]) -> tuple[bytes, Sequence[int]]:
    """Return the text with the lines whole that a terminal cut at its width."""
    lines = text.split(b"\n")
    width = max(map(_width, lines))
    cuts = [(line, below) for line, below in pairwise(lines) if _is_cut(line, below, width)]
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
        is_cut = number < len(lines) and _is_cut(line, lines[number], width)
    return b"\n".join(whole), kept


def _is_cut(line: bytes, below: bytes, width: int) -> bool:
    return _width(line) == width and not (_DRAWN.match(line) or _BEGINS.match(below))


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
