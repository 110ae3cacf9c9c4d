"""A piece of a log: its lines, and their shapes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate

_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_MANY = 256  # distinct lines
_LONG = 32  # characters
# A checksum, a UUID, a commit from its first digit on.
_DIGITS_OF_NUMBERS = b"0abcdef-"
_SHORTEST = 16  # characters
_NUMBER = re.compile(rb"0[%s]{%d,}" % (_DIGITS_OF_NUMBERS, _SHORTEST - 1))
_IS_OF_NUMBERS = bytes(48 if code in b"0abcdefABCDEF-" else 32 for code in range(256))
_LETTERS_OF_NUMBERS = bytes.maketrans(b"abcdef", b"000000")


class Piece:
    """Some lines of a log, each with its shape: the line with 0 for every digit.

    Where many lines are distinct, the letters of long hexadecimal numbers are 0 too, and a line
    that is nothing but one is left out: nothing is said in it.

    Attributes:
        data: the lines.
        shapes: the distinct shapes.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._with_0 = data.translate(_DIGITS).split(b"\n")
        distinct = set(self._with_0)
        self._shape_of = _shape_of(distinct)
        self.shapes = set(self._shape_of.values())

    @cached_property
    def text(self) -> bytes:
        """Return the distinct shapes, one a line."""
        return b"\n".join(self.shapes)

    @cached_property
    def _lower(self) -> bytes:
        return self.text.lower()

    @cached_property
    def _sizes(self) -> list[int]:
        """Return how many bytes stand before each line, line feeds not counted."""
        return list(accumulate(map(len, self._with_0), initial=0))

    def shapes_with(self, clauses: Sequence[frozenset[bytes]]) -> Iterator[bytes]:
        """Yield the shapes that have a word of each clause; the first should have rare words."""
        if not clauses:
            yield from self.shapes
            return
        text, seen = self._lower, set()
        for word in clauses[0]:
            at = text.find(word)
            while at >= 0:
                start, end = text.rfind(b"\n", 0, at) + 1, text.find(b"\n", at)
                end = len(text) if end < 0 else end
                if start not in seen and _has_one_of_each(text[start:end], clauses[1:]):
                    yield self.text[start:end]
                seen.add(start)
                at = text.find(word, end)

    def numbers(self, shapes: set[bytes]) -> list[int]:
        """Return the number of each line that has one of these shapes, from 0."""
        if not shapes:
            return []
        lines = {line for line, shape in self._shape_of.items() if shape in shapes}
        return [number for number, line in enumerate(self._with_0) if line in lines]

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
        return dict(zip(lines, lines, strict=True))
    others = [line for line in lines if not _is_hexadecimal(line)]
    text = _NUMBER.sub(_with_digits_alone, b"\n".join(others))
    return dict(zip(others, text.split(b"\n"), strict=True)) if others else {}


def _with_digits_alone(found: re.Match[bytes]) -> bytes:
    return found[0].translate(_LETTERS_OF_NUMBERS)


def _is_hexadecimal(line: bytes) -> bool:
    return len(line) >= _LONG and not line.translate(None, b"0abcdefABCDEF")


def _has_one_of_each(line: bytes, clauses: Iterable[frozenset[bytes]]) -> bool:
    return all(any(word in line for word in clause) for clause in clauses)
