"""Write sets of releases as intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..values import Value

if TYPE_CHECKING:
    from ._package import PackageIndex


class Interval(Value):
    """Consecutive releases of a package.

    Attributes:
        first, last: versions.
        from_start: whether ``first`` is the oldest release in the index.
        to_end: whether ``last`` is the newest release in the index.
    """

    first: str
    last: str
    from_start: bool = False
    to_end: bool = False

    def __str__(self) -> str:
        """Return a text of the interval, which marks an end beyond which no release was read."""
        if self.from_start and self.to_end:
            return f"every release from {self.first} to {self.last}"
        first = f"{self.first} (the oldest read)" if self.from_start else self.first
        last = f"{self.last} (the newest read)" if self.to_end else self.last
        if self.first == self.last:
            return first if self.from_start else last
        return f"{first} to {last}"


def intervals(index: PackageIndex, numbers: Iterable[int]) -> tuple[Interval, ...]:
    """Return the releases as intervals; withdrawn and pre-releases do not break an interval."""
    wanted = set(numbers)
    runs: list[list[int]] = []
    skipped = False
    for number, release in enumerate(index.releases):
        if number in wanted:
            if runs and not skipped:
                runs[-1].append(number)
            else:
                runs.append([number])
            skipped = False
        elif release.is_final:
            skipped = True
    last = len(index.releases) - 1
    return tuple(
        Interval(
            index.releases[run[0]].version,
            index.releases[run[-1]].version,
            from_start=run[0] == 0,
            to_end=run[-1] == last,
        )
        for run in runs
    )


def told(found: Sequence[Interval]) -> str:
    """Return the intervals as ``4.46.0 to 4.54.1 and 5.0.0``."""
    texts = [str(item) for item in found]
    if len(texts) <= 1:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} and {texts[-1]}"
