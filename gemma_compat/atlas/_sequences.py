"""Restore the versions of a sequence of numbers, each stored as its difference from the last.

A version is a list of steps: ``start, length`` copies from the version before, ``-count`` takes the
next numbers of a pool. ``tools/atlas/pack.py`` writes this form.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence


def restored(steps: Sequence[Sequence[int]], pool: Sequence[int]) -> Iterator[array[int]]:
    """Yield each version, first to last. ``ValueError`` if the steps do not fit the pool."""
    numbers = pool if isinstance(pool, array) else array("I", pool)
    before = array(numbers.typecode)
    taken = 0
    for version in steps:
        made = array(numbers.typecode)
        position = 0
        while position < len(version):
            if version[position] < 0:
                count = -version[position]
                made += numbers[taken : taken + count]
                taken += count
                position += 1
            else:
                start, length = version[position], version[position + 1]
                made += before[start : start + length]
                position += 2
        yield made
        before = made
    if taken != len(numbers):
        raise ValueError(f"{len(numbers) - taken} numbers of the pool are left over")


def hashed(line: str) -> int:
    """Return a line as 16 bits, 0 for a blank one. White space is ignored: terminals wrap lines."""
    import zlib

    text = "".join(line.split())
    return (zlib.crc32(text.encode("utf-8", "replace")) & 0xFFFF) or 1 if text else 0
