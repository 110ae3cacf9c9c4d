"""The texts in which the words of rows are: without figures and records that tell nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONG = 4096  # bytes; a longer row mostly is one record again and again
# So many bytes of figures, or of bytes as hexadecimal numbers, have no words among them but bf16.
_MANY = 32
_OF_NUMBERS, _OF_FIGURES = b"0abcdef-", b"0abcdef-+.,:; \t()[]"
_FIGURES = re.compile(rb"[%b]{%d,}" % (re.escape(_OF_FIGURES), _MANY))
_TYPE = re.compile(rb"bf00(?<![0abcdef]....)(?![0abcdef])")  # begins with what is found quickly
_KEPT = 10  # bytes of them, before what follows


def texts_of(rows: Iterable[bytes]) -> tuple[list[bytes], dict[bytes, list[bytes]]]:
    """Return the rows that are their own text, and the texts of others, each with its rows.

    A row of figures alone is in neither. Of many figures that a row begins with only the last are
    left: it may be one of a hexadecimal dump, of a list of checksums or of a table.

    Args:
        rows: with 0 for each digit.
    """
    whole: list[bytes] = []
    cut: dict[bytes, list[bytes]] = {}
    for row in rows:
        if len(row) < _MANY or (row[0] not in _OF_NUMBERS and len(row) <= LONG):
            whole.append(row)
            continue
        text = _without_figures(row) if row[0] in _OF_NUMBERS else row
        if text:
            text = text if len(text) <= LONG else _without_repeats(text)
            cut.setdefault(text, []).append(row)
    return whole, cut


def _without_figures(row: bytes) -> bytes:
    """Return a row with the last of many figures that it begins with, and what stands behind;
    nothing of a row of figures alone.
    """
    if not row.translate(None, _OF_FIGURES) and (
        not _TYPE.search(row) or not row.translate(None, _OF_NUMBERS)
    ):
        return b""
    figures = _FIGURES.match(row)
    if figures is None or _TYPE.search(row, 0, figures.end()):
        return row
    end = figures.end()
    return row[row.find(b" ", end - _KEPT, end) + 1 :]  # whole where no blank is among them


def _without_repeats(row: bytes) -> bytes:
    """Return a text that has the words of a row; of a long row each record is left once.

    Such a row is cut where one of its first words occurs again.
    """
    words = row[:LONG].split(None, 8)[1:8]  # the first may be cut; figures may change
    word = next((word for word in words if len(word) >= 2 and b"0" not in word), b"")
    return b" ".join({word, *row.split(b" " + word + b" ")}) if word else row
