"""Search a log for many patterns, piece after piece.

A line is searched for a pattern only where the pattern can match: if it has the words that a match
requires, and if its shape (0 for every digit) matches. Equal shapes are tried once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from .patterns import Pattern
from .piece import Piece
from .required import Required, words_of


@dataclass(frozen=True)
class Hit:
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
        self._required = Required(w for p in self._patterns for clause in p.clauses for w in clause)
        # The numbers of the patterns by the rarest words that they require.
        self._by_word: dict[bytes, list[int]] = {}
        for number, item in enumerate(self._patterns):
            for word in item.clauses[0] if item.clauses else (_ANY,):
                self._by_word.setdefault(word, []).append(number)
        self._words: frozenset[bytes] | None = None
        self._found: frozenset[bytes] = frozenset()
        self._possible: list[int] = []
        self._before = b""

    def scan(self, first_line: int, data: bytes) -> Iterator[Hit]:
        """Yield the hits in one piece, pattern by pattern, each in order."""
        before, self._before = self._before, data[-_CONTEXT:]
        piece = Piece(data)
        for number in self._possible_with(words_of(piece.shapes)):
            item = self._patterns[number]
            if not self._left[number] or item.needs not in data:
                continue
            for found in islice(_matches(item, piece, self._found), self._left[number]):
                around = _context(piece.start(found.line), data, before) if item.context else ()
                line = first_line + found.line
                yield Hit(item.kind, item.key, line, found.text, found.match, *around)
                self._left[number] -= 1

    def _possible_with(self, words: frozenset[bytes]) -> list[int]:
        """Return the patterns whose words occur; pieces of one log mostly share their words."""
        if words != self._words:
            self._words, self._found = words, self._required.among(words)
            of_words = [self._by_word.get(word, ()) for word in (*self._found, _ANY)]
            numbers = sorted(set().union(*of_words))
            self._possible = [
                n for n in numbers if self._patterns[n].is_possible(words, self._found)
            ]
        return self._possible


_ANY = b""  # stands for the words of a pattern that requires none
_BEFORE, _SHOWN = 200, 2000  # characters
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


def _matches(item: Pattern, piece: Piece, words: frozenset[bytes]) -> Iterator[_Found]:
    """Yield one match for each line; for a reader of facts, every match in the line."""
    most = None if item.kind == "fact" else 1
    for number in _possible_lines(item, piece, words):
        text = piece.text_from(number, item.lines)
        first = item.regex.search(text)
        if first is None or "\n" in text[: first.start()]:  # then it begins in a line below
            continue
        start = max(0, first.start() - _BEFORE)
        shown = text[start : start + _SHOWN].rstrip("\r")
        for match in islice(item.regex.finditer(shown), most):
            yield _Found(number, shown, match)


def _possible_lines(item: Pattern, piece: Piece, words: frozenset[bytes]) -> Iterable[int]:
    """Return the numbers of the lines in which a match may begin."""
    clauses = [clause & words for clause in item.clauses]
    if item.lines > 1:  # the words may be in any of its lines
        last = piece.numbers(set(piece.shapes_with(clauses[:1])))
        return sorted({max(0, n - back) for n in last for back in range(item.lines)})
    shape = item.shape
    if shape is None:
        return piece.numbers(set(piece.shapes_with(clauses)))
    if not clauses and not shape.search(_text(piece.text)):  # in all of them at once
        return []
    return piece.numbers({s for s in piece.shapes_with(clauses) if shape.search(_text(s))})


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
