"""Find which of many literals a text has, without looking for each of them in all of it.

A literal of seven characters has four of them at a place whose number is a multiple of four,
wherever it begins. So only every fourth place of a text is looked at, four characters as one
number, and a literal is looked for only around its numbers. Figures are left out of that text: most
of a log's bytes are figures, and most literals have none. The others are looked for one by one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property
from itertools import accumulate, compress

from .literals import LONGEST, Clause

_STEP = 4  # characters in a number; LONGEST is 2 * _STEP - 1
_FIRST = 4  # small texts in which each literal is looked for, before it pays to make the numbers
_SMALL = 4096  # bytes
_FIGURES = b"0123456789"
_IN_NO_LITERAL = bytes(code for code in range(256) if not 32 <= code < 127 and code != 10)
_LOWER = bytes(range(256)).lower()
_WITH_0 = _LOWER.translate(bytes.maketrans(_FIGURES, b"0" * 10))
# What may stand beside a literal.
_BESIDE = {bytes([char]) for char in _LOWER.translate(None, _FIGURES + _IN_NO_LITERAL)}


def searched(text: bytes) -> bytes:
    """Return a text in the form of literals: in lower case, with 0 for every digit."""
    return text.translate(_WITH_0, _IN_NO_LITERAL)


class Required:
    """The literals that patterns require."""

    def __init__(self, literals: Iterable[bytes]) -> None:
        wanted = set(literals)
        self._long = {word for word in wanted if len(word) > _STEP and b"0" not in word}
        self.others = wanted - self._long
        self._searches = 0

    def search(self, rows: bytes) -> Found:
        """Look for the literals in the lines of a text."""
        found = Found(rows, self.others)
        text = found.words.text
        self._searches += 1
        if len(text) < _SMALL and self._searches <= _FIRST:
            found.take({word: found.words.places(word) for word in self._long if word in text})
            return found
        places: dict[bytes, list[int]] = {}
        filled = text + b"\n" * (-len(text) % _STEP + _STEP)
        numbers = memoryview(filled).cast("I")
        is_wanted = map(self._by_number.__contains__, numbers)
        for at in compress(range(len(numbers)), is_wanted):
            first = max(0, at * _STEP - _STEP + 1)
            for literal in self._by_number[numbers[at]]:
                place = text.find(literal, first, at * _STEP + 1 + len(literal))
                if place >= 0:
                    places.setdefault(literal, []).append(place)
        found.take(places)
        return found

    @cached_property
    def _by_number(self) -> dict[int, tuple[bytes, ...]]:
        """Return the literals by the numbers, one of which stands where the literal does."""
        found: dict[int, tuple[bytes, ...]] = {}
        pairs = [(four, literal) for literal in self._long for four in _fours(literal)]
        numbers = memoryview(b"".join([four for four, _ in pairs])).cast("I").tolist()
        for number, (_, literal) in zip(numbers, pairs, strict=True):
            found[number] = (*found[number], literal) if number in found else (literal,)
        return found


def _fours(literal: bytes) -> set[bytes]:
    """Return four characters for each of the four places where a literal may begin."""
    found = {literal[at : at + _STEP] for at in range(min(_STEP, len(literal) - _STEP + 1))}
    if len(literal) < LONGEST:  # three of its characters, and any before
        found.update([char + literal[: _STEP - 1] for char in _BESIDE])
    if len(literal) == _STEP + 1:  # or behind
        found.update([literal[1 - _STEP :] + char for char in _BESIDE])
    return found


class _Text:
    """A text of rows in the form in which it is searched."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    @cached_property
    def _starts(self) -> list[int]:
        """Return where each row begins."""
        return list(accumulate((len(row) + 1 for row in self.text.split(b"\n")), initial=0))

    @cached_property
    def _characters(self) -> frozenset[int]:
        """Return the characters of literals that it has."""
        return frozenset(char for char in range(32, 127) if char in self.text)

    def has(self, literal: bytes) -> bool:
        """Return whether a literal is in it."""
        return self._characters.issuperset(literal) and literal in self.text

    def places(self, literal: bytes) -> list[int]:
        """Return where a literal stands, once for each row that has it."""
        places: list[int] = []
        at = self.text.find(literal)
        while at >= 0:
            places.append(at)
            end = self.text.find(b"\n", at)
            at = self.text.find(literal, end) if end >= 0 else -1
        return places

    def rows(self, places: Iterable[int]) -> set[int]:
        """Return the numbers of the rows with these places, from 0."""
        return {bisect_right(self._starts, place) - 1 for place in places}


class Found:
    """The literals that some rows have.

    Attributes:
        words: the rows without figures.
        long: the literals of more than four characters that were found.
    """

    def __init__(self, rows: bytes, others: set[bytes]) -> None:
        """Take the rows, and the literals that are looked for when they are asked about."""
        self._rows = rows
        self._others = others
        self.words = _Text(rows.translate(_LOWER, _FIGURES + _IN_NO_LITERAL))
        self._places: dict[bytes, list[int]] = {}
        self._has: dict[bytes, bool] = {}
        self.long: tuple[bytes, ...] = ()

    @cached_property
    def _with_figures(self) -> _Text:
        return _Text(searched(self._rows))

    def take(self, places: dict[bytes, list[int]]) -> None:
        """Take where the literals of more than four characters stand."""
        self._places = places
        self.long = tuple(places)

    def _text_of(self, literal: bytes) -> _Text:
        return self._with_figures if b"0" in literal else self.words

    def among(self, clause: Clause) -> Clause:
        """Return the literals of these that the rows have."""
        others = clause & self._others
        for literal in others - self._has.keys():
            self._has[literal] = self._text_of(literal).has(literal)
        return (clause & self._places.keys()) | {word for word in others if self._has[word]}

    def count(self, clause: Clause) -> int:
        """Return how many places have one of these literals."""
        return sum(
            len(self._places[word])
            if word in self._places
            else self._text_of(word).text.count(word)
            for word in clause
        )

    def rows(self, clause: Clause) -> set[int]:
        """Return the numbers of the rows that have one of these literals, from 0."""
        rows: set[int] = set()
        for word in clause:
            text = self._text_of(word)
            rows |= text.rows(self._places[word] if word in self._places else text.places(word))
        return rows
