"""A piece of a log: its rows, and their shapes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping
from functools import cached_property
from itertools import accumulate, compress, count

# A row ends where a line ends, or where a bar is drawn again over the last one.
_TO_SHAPES = bytes.maketrans(b"123456789\r", b"000000000\n")
_BUT_BREAKS = bytes(code for code in range(256) if code not in b"\r\n")


class Piece:
    """Some lines of a log, in rows: a row is a line, or a progress bar as it was drawn once.

    Attributes:
        data: the lines.
        shapes: the distinct shapes of the rows: a row with 0 for every digit.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._rows = data.translate(_TO_SHAPES).split(b"\n")
        self.shapes = set(self._rows)

    @cached_property
    def _sizes(self) -> list[int]:
        """Return how many bytes stand before each row, breaks not counted."""
        return list(accumulate(map(len, self._rows), initial=0))

    @cached_property
    def _breaks(self) -> bytes:
        """Return what ends each row, where not each is a line."""
        return self.data.translate(None, _BUT_BREAKS) if b"\r" in self.data else b""

    def rows_of(self, shapes: Container[bytes]) -> Mapping[bytes, list[int]]:
        """Return the numbers of the rows that have each of these shapes, from 0."""
        rows: dict[bytes, list[int]] = defaultdict(list)
        for number in compress(count(), map(shapes.__contains__, self._rows)):
            rows[self._rows[number]].append(number)
        return rows

    def line(self, row: int) -> int:
        """Return the number of the line that a row is in, from 0."""
        return self._breaks.count(b"\n", 0, row) if self._breaks else row

    def start(self, row: int) -> int:
        """Return where a row begins."""
        return self._sizes[row] + row

    def text_from(self, row: int, rows: int) -> str:
        """Return the text of this many rows, beginning with this one."""
        end = self.start(min(row + rows, len(self._rows))) - 1
        return self.data[self.start(row) : end].decode("utf-8", "replace")
