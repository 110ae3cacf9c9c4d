"""Search a log for many patterns, piece after piece.

The rows of a log repeat, but for their figures. So which patterns may match a row is judged once
for its shape, the row with 0 for every digit, by the words that it has. Only rows that a pattern
may match are searched for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from .patterns import Pattern
from .piece import Piece
from .screen import Screen


class Hit(NamedTuple):
    """A match of a pattern. A log has tens of thousands: a tuple is made in a fifth of the time
    that a :class:`.Value` takes.

    Attributes:
        kind, key: those of the pattern.
        line: its number, from 1.
        text: the line; of a long one, 2,000 characters around the match.
        match: the match within the line.
        before, after: the text before and after the line, if the pattern asks for it.
    """

    kind: str
    key: Any
    line: int
    text: str
    match: re.Match[str]
    before: str = ""
    after: str = ""

    def replace(self, **changes: Any) -> Hit:
        """Return a copy with other values."""
        return self._replace(**changes)


class Scanner:
    """Search piece after piece for many patterns; each is dropped after its ``limit`` of hits.

    Attributes:
        judged: how many bytes of rows were unlike all before them.
    """

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self.judged = 0
        self._patterns = list(patterns)
        self._left = [item.limit for item in self._patterns]
        self._searched = [0] * len(self._patterns)  # rows, since its shapes were searched
        self._screen = Screen(self._patterns)
        self._seen: set[bytes] = set()  # shapes that were judged
        self._seen_bytes = 0
        # The patterns that may match a shape, of those that some may match: of most none may.
        self._possible: dict[bytes, tuple[int, ...]] = {}
        self._before = b""

    def scan(self, first_line: int, data: bytes) -> Iterator[Hit]:
        """Yield the hits in one piece, pattern by pattern, each in order."""
        before, self._before = self._before, data[-_CONTEXT:]
        piece = Piece(data)
        self._judge(piece.shapes)
        shapes: dict[int, list[bytes]] = {}
        for shape in piece.shapes & self._possible.keys():
            for number in self._possible[shape]:
                if self._left[number]:
                    shapes.setdefault(number, []).append(shape)
        if not shapes:
            return
        rows_of = piece.rows_of({shape for found in shapes.values() for shape in found})
        for number in sorted(shapes):
            item = self._patterns[number]
            rows = self._rows(number, shapes[number], rows_of)
            matches = _matches(item, piece, rows)
            if item.context and item.limit - self._left[number] >= _FIRST:
                last = islice(_matches(item, piece, reversed(rows)), _LAST)
                matches = iter(list(last)[::-1])
            for row, text, match in islice(matches, self._left[number]):
                around = _context(piece.start(row), data, before) if item.context else ()
                yield Hit(item.kind, item.key, first_line + piece.line(row), text, match, *around)
                self._left[number] -= 1

    def _judge(self, shapes: set[bytes]) -> None:
        """Find which patterns may match each of these shapes, where that is not known."""
        new = shapes - self._seen
        size = sum(map(len, new))
        self.judged += size
        self._seen_bytes += size
        if self._seen_bytes > _KEPT:
            self._seen.clear()
            self._possible.clear()
            new, self._seen_bytes = shapes, sum(map(len, shapes))
        self._seen |= new
        self._possible.update(self._screen.possible(new))

    def _rows(
        self, number: int, shapes: Sequence[bytes], rows_of: Mapping[bytes, list[int]]
    ) -> list[int]:
        """Return the rows in which a match may begin.

        Where many rows have few shapes, a pattern is searched for in the shapes first.
        """
        item = self._patterns[number]
        if item.longest:
            shapes = [shape for shape in shapes if len(shape) <= item.longest]
        self._searched[number] += sum(len(rows_of[shape]) for shape in shapes)
        if self._searched[number] > max(_FEW, 2 * len(shapes)) and item.shape:
            self._searched[number] = 0
            for shape in shapes:
                if not item.shape.search(_text(shape)):
                    others = (one for one in self._possible[shape] if one != number)
                    self._possible[shape] = tuple(others)
            shapes = [shape for shape in shapes if number in self._possible[shape]]
        rows = (row for shape in shapes for row in rows_of[shape])
        # A match of several lines may have its words in any of them.
        return sorted({max(0, row - back) for row in rows for back in range(item.lines)})


_KEPT = 1 << 18  # bytes
_BEFORE, _SHOWN = 200, 2000  # characters
_FEW = 64  # rows; to search them costs less than to compile a second expression
# Of hits whose context is asked for the first and the last of a log are kept: all of its first
# ones, then some at the end of each piece.
_FIRST, _LAST = 50, 24
_CONTEXT = 16_000  # bytes before a hit; a quarter of them behind it


def _context(start: int, data: bytes, before: bytes) -> tuple[str, str]:
    """Return the text above a line and below it; ``before`` is the end of the piece before."""
    above = data[max(0, start - _CONTEXT) : start]
    if start < _CONTEXT:
        above = before[start - _CONTEXT :] + above
    end = data.find(b"\n", start)
    below = data[end + 1 : end + 1 + _CONTEXT // 4] if end >= 0 else b""
    return _text(above), _text(below)


def _matches(
    item: Pattern, piece: Piece, rows: Iterable[int]
) -> Iterator[tuple[int, str, re.Match[str]]]:
    """Yield row, text and match: one for each row; for a reader of facts, every one in the row."""
    most = None if item.kind == "fact" else 1
    for row in rows:
        text = piece.text_from(row, item.lines)
        if item.holds and not re.search(item.holds, text):
            continue
        first = item.regex.search(text)
        if first is None and item.in_other_quotes is not None:
            first = item.in_other_quotes.search(text)
        if first is None or "\n" in text[: first.start()]:  # then it begins in a row below
            continue
        if most and len(text) <= _SHOWN and first.start() <= _BEFORE:
            yield row, text, first
            continue
        start = max(0, first.start() - _BEFORE)
        shown = text[start : start + _SHOWN]
        for match in islice(first.re.finditer(shown), most):
            yield row, shown, match


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
