"""A piece of a log: its lines, their shapes, and the text in which literals are looked for."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate

from .literals import LONGEST, Clause
from .required import Required, searched
from .stream import DIGITS_AS_0

_MANY = 256  # distinct lines
_LONG = 32  # characters
# A checksum, a UUID, a commit from its first digit on.
_DIGITS_OF_NUMBERS = b"0abcdef-"
_SHORTEST = 16  # characters
_NUMBER = re.compile(rb"0[%s]{%d,}" % (_DIGITS_OF_NUMBERS, _SHORTEST - 1))
_IS_OF_NUMBERS = bytes(48 if code in b"0abcdefABCDEF-" else 32 for code in range(256))
_LETTERS_OF_NUMBERS = bytes.maketrans(b"abcdef", b"000000")
_LONG_LINE = 4096  # bytes
_FEW = 100  # distinct records of a line


class Piece:
    """Some lines of a log, each with its shape: the line with 0 for every digit.

    Where many lines are distinct, the letters of long hexadecimal numbers are 0 too, and a line
    that is nothing but one is left out: nothing is said in it.

    Attributes:
        data: the lines.
        shapes: the distinct shapes.
        found: the literals that they have.
    """

    def __init__(self, data: bytes, required: Required) -> None:
        self.data = data
        self._with_0 = data.translate(DIGITS_AS_0).split(b"\n")
        self._shape_of = _shape_of(set(self._with_0))
        self.shapes = set(self._shape_of.values())
        # Rows are searched for literals: each is a shape, or a part of one.
        rows, self._shape_of_row = _rows(self.shapes)
        self.found = required.search(b"\n".join(rows))

    @property
    def lines(self) -> int:
        """Return how many lines it has."""
        return len(self._with_0)

    @cached_property
    def _sizes(self) -> list[int]:
        """Return how many bytes stand before each line, line feeds not counted."""
        return list(accumulate(map(len, self._with_0), initial=0))

    @cached_property
    def _numbers(self) -> Mapping[bytes | None, list[int]]:
        """Return the numbers of the lines of each shape; of those left out under ``None``."""
        numbers: dict[bytes | None, list[int]] = defaultdict(list)
        for number, shape in enumerate(map(self._shape_of.get, self._with_0)):
            numbers[shape].append(number)
        return numbers

    def shapes_with(self, clauses: Sequence[Clause]) -> Iterator[bytes]:
        """Yield the shapes that have a literal of each clause."""
        if not clauses:
            yield from self.shapes
            return
        rows = self.found.rows(clauses[0])
        for shape in {self._shape_of_row[row] for row in rows}:
            if not clauses[1:] or _has_one_of_each(searched(shape), clauses[1:]):
                yield shape

    def numbers(self, shapes: Iterable[bytes]) -> list[int]:
        """Return the number of each line that has one of these shapes, from 0."""
        return sorted(number for shape in shapes for number in self._numbers[shape])

    def start(self, number: int) -> int:
        """Return where the line of this number begins."""
        return self._sizes[number] + number

    def text_from(self, number: int, lines: int) -> str:
        """Return the text of this many lines, beginning with that of this number."""
        end = self.start(min(number + lines, len(self._with_0))) - 1
        return self.data[self.start(number) : end].decode("utf-8", "replace")


def _shape_of(lines: set[bytes]) -> dict[bytes, bytes]:
    """Return the shape of each line, without lines that are a hexadecimal number."""
    text = b"\n".join(lines) if len(lines) > _MANY else b""
    if b"0" * _SHORTEST not in text.translate(_IS_OF_NUMBERS):  # to look for that is fast
        return {line: line for line in lines}
    others = [line for line in lines if not _is_hexadecimal(line)]
    text = _NUMBER.sub(_with_digits_alone, b"\n".join(others))
    return dict(zip(others, text.split(b"\n"), strict=True)) if others else {}


def _with_digits_alone(found: re.Match[bytes]) -> bytes:
    return found[0].translate(_LETTERS_OF_NUMBERS)


def _is_hexadecimal(line: bytes) -> bool:
    return len(line) >= _LONG and not line.translate(None, b"0abcdefABCDEF")


def _rows(shapes: set[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return the rows to search, and of which shape each is."""
    if max(map(len, shapes), default=0) <= _LONG_LINE:
        rows = list(shapes)
        return rows, rows
    pairs = [(row, shape) for shape in shapes for row in _records(shape)]
    return [row for row, _ in pairs], [shape for _, shape in pairs]


def _records(line: bytes) -> Iterable[bytes]:
    """Return the distinct parts of a long line, cut where one of its first words occurs again.

    Such a line mostly is one record again and again. What stands around a cut is returned too, so
    that no literal is cut.
    """
    if len(line) <= _LONG_LINE:
        return (line,)
    words = line[:_LONG_LINE].split(None, 8)[1:8]  # the first may be cut; figures may change
    word = next((word for word in words if len(word) >= 2 and b"0" not in word), b"")
    cut = b" " + word + b" "  # of four or more: a literal has at most one
    if not word:
        return (line,)
    parts = set(line.split(cut))
    if len(parts) > _FEW:
        return (line,)
    ends = {part[1 - LONGEST :] for part in parts}
    starts = {part[: LONGEST - 1] for part in parts}
    return parts | {end + cut + start for end in ends for start in starts}


def _has_one_of_each(line: bytes, clauses: Iterable[Clause]) -> bool:
    return all(any(literal in line for literal in clause) for clause in clauses)
