"""From one broken and one working release to the exact pair of neighbours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gemma_compat import versions

from .rows import BROKEN, INVALID


@dataclass(frozen=True)
class Edge:
    """Two neighbouring published releases with different outcomes, older first."""

    older: str
    newer: str
    older_is_broken: bool


def bisect(published: list[str], one: str, other: str, observe: Callable[[str], str]) -> Edge:
    """Find where the outcome changes between two releases.

    Args:
        published: all published versions.
        one, other: two of them, one of which is broken and one working.
        observe: version to outcome; ``invalid`` ones are stepped over.

    Raises:
        ValueError: the two ends have the same outcome, or one of them is invalid.
    """
    ends = sorted((one, other), key=versions.parse)
    low, high = (versions.parse(end) for end in ends)
    line = [v for v in sorted(published, key=versions.parse) if low <= versions.parse(v) <= high]
    outcome = {line[0]: observe(line[0]), line[-1]: observe(line[-1])}
    if INVALID in outcome.values() or outcome[line[0]] == outcome[line[-1]]:
        raise ValueError(f"{line[0]} is {outcome[line[0]]}, {line[-1]} is {outcome[line[-1]]}")
    while len(line) > 2:
        middle = line[len(line) // 2]
        found = outcome.setdefault(middle, observe(middle))
        if found == INVALID:
            line.remove(middle)
        elif found == outcome[line[0]]:
            line = line[line.index(middle) :]
        else:
            line = line[: line.index(middle) + 1]
    return Edge(line[0], line[1], outcome[line[0]] == BROKEN)
