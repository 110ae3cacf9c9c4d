"""Search a log for many patterns, piece after piece.

A line is searched for a pattern only where the pattern can match: if it has the words that a match
requires, and if its shape (0 for every digit) matches. Equal shapes are tried once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, takewhile
from typing import Any, NamedTuple

from ..values import Value
from .literals import Clause
from .patterns import Pattern
from .piece import Piece
from .required import Found, Required


class Hit(Value):
    """A match of a pattern.

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


class Scanner:
    """Search piece after piece for many patterns; each is dropped after its ``limit`` of hits."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._patterns = list(patterns)
        self._left = [item.limit for item in self._patterns]
        clauses = [item.clauses for item in self._patterns]
        self._required = Required(word for sets in clauses for clause in sets for word in clause)
        # The numbers of the patterns by the literals to look for first, where all of these are
        # found at once; the other patterns are asked about in each piece.
        self._by_literal: dict[bytes, list[int]] = {}
        self._others: list[int] = []
        for number, sets in enumerate(clauses):
            if sets and sets[0].isdisjoint(self._required.others):
                for literal in sets[0]:
                    self._by_literal.setdefault(literal, []).append(number)
            else:
                self._others.append(number)
        self._before = b""

    def scan(self, first_line: int, data: bytes) -> Iterator[Hit]:
        """Yield the hits in one piece, pattern by pattern, each in order."""
        before, self._before = self._before, data[-_CONTEXT:]
        piece = Piece(data, self._required)
        for number in self._possible(piece.found):
            item = self._patterns[number]
            if not self._left[number]:
                continue
            clauses = list(takewhile(bool, map(piece.found.among, item.clauses)))
            if len(clauses) < len(item.clauses) or item.needs not in data:
                continue
            clauses.sort(key=piece.found.count)
            for found in islice(_matches(item, piece, clauses), self._left[number]):
                around = _context(piece.start(found.line), data, before) if item.context else ()
                line = first_line + found.line
                yield Hit(item.kind, item.key, line, found.text, found.match, *around)
                self._left[number] -= 1

    def _possible(self, found: Found) -> list[int]:
        """Return the patterns whose first literals may have been found."""
        of_literals = [self._by_literal.get(literal, ()) for literal in found.long]
        return sorted({*self._others, *chain.from_iterable(of_literals)})


_BEFORE, _SHOWN = 200, 2000  # characters
_FEW = 64  # lines; to search them costs less than to compile a second expression
_CONTEXT = 16_000  # bytes before a hit; a quarter of them behind it


def _context(start: int, data: bytes, before: bytes) -> tuple[str, str]:
    """Return the text above a line and below it; ``before`` is the end of the piece before."""
    above = data[max(0, start - _CONTEXT) : start]
    if start < _CONTEXT:
        above = before[start - _CONTEXT :] + above
    end = data.find(b"\n", start)
    below = data[end + 1 : end + 1 + _CONTEXT // 4] if end >= 0 else b""
    return _text(above), _text(below)


class _Found(NamedTuple):
    """A match: its line's number in the piece, from 0, and the text that is shown."""

    line: int
    text: str
    match: re.Match[str]


def _matches(item: Pattern, piece: Piece, clauses: Sequence[Clause]) -> Iterator[_Found]:
    """Yield one match for each line; for a reader of facts, every match in the line."""
    most = None if item.kind == "fact" else 1
    for number in _possible_lines(item, piece, clauses):
        text = piece.text_from(number, item.lines)
        first = item.regex.search(text)
        if first is None or "\n" in text[: first.start()]:  # then it begins in a line below
            continue
        start = max(0, first.start() - _BEFORE)
        shown = text[start : start + _SHOWN].rstrip("\r")
        for match in islice(item.regex.finditer(shown), most):
            yield _Found(number, shown, match)


def _possible_lines(item: Pattern, piece: Piece, clauses: Sequence[Clause]) -> Iterable[int]:
    """Return the numbers of the lines in which a match may begin."""
    if item.lines > 1:  # the words may be in any of its lines
        last = piece.numbers(set(piece.shapes_with(clauses[:1])))
        return sorted({max(0, n - back) for n in last for back in range(item.lines)})
    shape = item.shape if piece.lines > _FEW else None
    shapes = set(piece.shapes_with(clauses))
    if shape is None:
        return piece.numbers(shapes)
    if not shape.search(_text(b"\n".join(shapes))):  # in all of them at once
        return []
    return piece.numbers({s for s in shapes if shape.search(_text(s))})


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
