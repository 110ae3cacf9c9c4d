"""What was published, when, and what each release asks for: ``releases.jsonl``, by package.

``make releases`` writes it: the day the index was asked on the first line, then one line for each
package, so that a report parses the lines of the packages it asks about and no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from . import read_bytes

FILE = "releases.jsonl"


@lru_cache(maxsize=1)
def _lines() -> Mapping[str, bytes]:
    """Return each package's line, unparsed; the day under the empty name."""
    day, *lines = read_bytes(FILE).splitlines()
    return {"": day, **{_name(line): line for line in lines}}


def _name(line: bytes) -> str:
    return line[len('{"name": "') : line.index(b'",')].decode()


def day_asked() -> str:
    """Return the day the index was asked, as ``2026-11-27``."""
    import json

    asked: str = json.loads(_lines()[""])["asked"]
    return asked


def names() -> tuple[str, ...]:
    """Return the packages that are listed, as the index normalises their names."""
    return tuple(name for name in _lines() if name)


@lru_cache(maxsize=32)  # there are 25 packages
def releases_of(name: str) -> Mapping[str, Mapping[str, Any]]:
    """Return version to entry, oldest first; empty for a package that is not listed.

    An entry has ``date``, ``requires`` (lines as in the wheel's METADATA), and where there is one
    ``beside``, ``python``, ``pythons``, ``cuda``, ``yanked``.
    """
    import json

    line = _lines().get(name)
    return unpacked(json.loads(line)) if line and name else {}


def unpacked(package: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the releases of a parsed line, with lists in place of their numbers."""
    found: dict[str, dict[str, Any]] = package["releases"]
    for entry in found.values():
        for key in {"requires", "beside"} & entry.keys():
            entry[key] = package["lists"][entry[key]]
    return found
