"""Pack a source file over its releases into one block: hashed lines, functions, starts."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from typing import Any

from gemma_compat.atlas._sequences import hashed

from .extract import Record


def differences(versions: Sequence[Sequence[int]]) -> tuple[list[list[int]], list[int]]:
    """Return the steps of each version and the pool, as ``atlas/_sequences.py`` reads them."""
    steps: list[list[int]] = []
    pool: list[int] = []
    before: Sequence[int] = ()
    for version in versions:
        made = _steps(before, version)
        position = 0
        for item in _spelled(made):
            if item[0] < 0:
                pool.extend(version[position : position - item[0]])
                position -= item[0]
            else:
                position += item[1]
        steps.append(made)
        before = version
    return steps, pool


def _spelled(steps: list[int]) -> list[tuple[int, int]]:
    found, position = [], 0
    while position < len(steps):
        if steps[position] < 0:
            found.append((steps[position], 0))
            position += 1
        else:
            found.append((steps[position], steps[position + 1]))
            position += 2
    return found


def _steps(before: Sequence[int], after: Sequence[int]) -> list[int]:
    """Return how to make ``after`` from ``before``: equal ends first, the middle by difflib."""
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    middle = SequenceMatcher(
        None, before[head : len(before) - tail], after[head : len(after) - tail]
    )
    steps: list[int] = [0, head] if head else []
    for tag, i1, i2, j1, j2 in middle.get_opcodes():
        # A copy costs more than it saves where it is very short.
        if tag == "equal" and i2 - i1 > 2:
            steps += [head + i1, i2 - i1]
        elif j2 > j1:
            if steps and steps[-1] < 0:
                steps[-1] -= j2 - j1
            else:
                steps.append(j1 - j2)
    if tail:
        steps += [len(before) - tail, tail]
    return steps


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    count = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        count += 1
    return count


class Interned:
    """Number values in the order in which they first occur."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Hashable, int] = {}

    def __call__(self, value: Hashable) -> int:
        if value not in self._numbers:
            self._numbers[value] = len(self.values)
            self.values.append(value)
        return self._numbers[value]


def file_block(
    versions: Sequence[tuple[str, Record]], by_release: Sequence[int]
) -> tuple[dict[str, Any], array[int]]:
    """Return the block of one file.

    Args:
        versions: text and record of each distinct content, oldest first.
        by_release: for each release the number of its content; -1 if it has no such file.
    """
    lines = [[hashed(line) for line in text.split("\n")] for text, _ in versions]
    names, marks = Interned(), Interned()
    functions = []
    for _, record in versions:
        last, found = 0, []
        for name, first, end in record.functions:
            found.append(marks((names(name), first - last, end - first)))
            last = first
        functions.append(found)
    steps, pool = differences(lines)
    function_steps, function_pool = differences(functions)
    data = {
        "runs": _runs(by_release),
        "steps": steps,
        "names": names.values,
        "marks": [number for mark in marks.values for number in mark],
        "fsteps": function_steps,
        "fpool": function_pool,
    }
    return data, array("H", pool)


def _runs(values: Sequence[int]) -> list[int]:
    """Run lengths: value, count, value, count, ..."""
    runs: list[int] = []
    for value in values:
        if runs and runs[-2] == value:
            runs[-1] += 1
        else:
            runs += [value, 1]
    return runs
