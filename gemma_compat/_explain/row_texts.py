"""The texts in which the words of rows are: without figures and records that tell nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

LONG = 4096  # bytes; a longer row mostly is one record again and again
# So many bytes of figures, or of bytes as hexadecimal numbers, have no words among them but bf16.
_OF_NUMBERS, _OF_FIGURES, _MANY = b"0abcdef-", b"0abcdef-+.,:; \t()[]", 32
_TYPE = re.compile(rb"bf00")
_KEPT = 10  # bytes of them, before what follows


def texts_of(rows: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield each row with its text, but no row of figures alone.

    Of many figures that a row begins with only the last are left: it may be one of a hexadecimal
    dump, of a list of checksums or of a table.

    Args:
        rows: with 0 for each digit.
    """
    for row in rows:
        if len(row) < _MANY or row[0] not in _OF_NUMBERS:
            yield row, row if len(row) <= LONG else _without_repeats(row)
        elif row.translate(None, _OF_NUMBERS) and (
            row.translate(None, _OF_FIGURES) or _TYPE.search(row)
        ):
            yield row, _without_repeats(_without_figures(row))


def _without_figures(row: bytes) -> bytes:
    """Return a row with the last of many figures that it begins with, and what stands behind."""
    end = len(row) - len(row.lstrip(_OF_FIGURES))
    if end < _MANY or _TYPE.search(row, 0, end):
        return row
    return row[row.find(b" ", end - _KEPT, end) + 1 :]  # whole where no blank is among them


def _without_repeats(row: bytes) -> bytes:
    """Return a text that has the words of a row; of a long row each record is left once.

    Such a row is cut where one of its first words occurs again.
    """
    if len(row) <= LONG:
        return row
    words = row[:LONG].split(None, 8)[1:8]  # the first may be cut; figures may change
    word = next((word for word in words if len(word) >= 2 and b"0" not in word), b"")
    return b" ".join({word, *row.split(b" " + word + b" ")}) if word else row
