"""Write the names of nodes and ranks compactly: ``node001-node998``."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MOST_DIGITS = 15
_RUN = 3  # from three consecutive numbers on, a range is shorter than a list


def compact_numbers(numbers: Iterable[int]) -> str:
    """Return numbers as ranges: ``0-7, 12``."""
    return ", ".join(
        f"{start}-{end}" if end > start else str(start) for start, end in _runs(sorted(numbers))
    )


def compact_names(names: Iterable[str]) -> list[str]:
    """Return the names with ranges for those that differ only in one number.

    ``node1.example.org`` counts by its first label alone, so that ``ip-10-0-0-7.ec2.internal``
    is numbered by 7 and not by 2. Names come out in the order of their first appearance.
    """
    series: dict[tuple[str, str, int], list[int]] = {}
    for name in names:
        head, dot, tail = name.partition(".")
        found = re.fullmatch(r"(.*?)(\d+)(\D*)", head, re.ASCII | re.DOTALL)
        if found is None or len(found[2]) > _MOST_DIGITS:
            series.setdefault((name, "", -1), [])
            continue
        key = (found[1], found[3] + dot + tail, len(found[2]))
        series.setdefault(key, []).append(int(found[2]))
    return [text for key, numbers in _joined(series).items() for text in _series(key, numbers)]


def _joined(
    series: dict[tuple[str, str, int], list[int]],
) -> dict[tuple[str, str, int], list[int]]:
    """Merge series by their key: one for ``node9`` and ``node10``, another for zero-padded
    names.
    """
    joined: dict[tuple[str, str, int], list[int]] = {}
    for (before, after, width), numbers in series.items():
        padded = width > 1 and any(len(str(number)) < width for number in numbers)
        key = (before, after, width if padded or width < 0 else 0)
        joined.setdefault(key, []).extend(numbers)
    return joined


def _series(key: tuple[str, str, int], numbers: list[int]) -> Iterable[str]:
    before, after, width = key
    if width < 0:
        return [before]
    texts: list[str] = []
    for start, end in _runs(sorted(set(numbers))):
        span = range(start, end + 1)
        shown = [f"{before}{number:0{max(width, 1)}d}{after}" for number in (span[0], span[-1])]
        if len(span) >= _RUN:
            texts.append("-".join(shown))
        else:
            texts += dict.fromkeys(shown)
    return texts


def _runs(ordered: list[int]) -> list[tuple[int, int]]:
    """Return the first and the last of each run of consecutive numbers."""
    runs: list[tuple[int, int]] = []
    for number in ordered:
        if runs and number <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
