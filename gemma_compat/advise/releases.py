"""The published releases: versions, dates and pins, read from ``data/releases.jsonl`` on first use.

``make releases`` renews the file from the package index. It holds wheels for Linux on x86-64, and
no pre-releases.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from functools import lru_cache
from typing import Any

from .. import versions
from ..data.releases import day_asked, names, releases_of
from ..values import Value

# The environment in which pins are judged; Python's version is added.
_PLATFORM = {
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
}


class Release(Value):
    """One published release.

    Attributes:
        name, version: as the index spells them, the name normalised (PEP 503).
        date: of its upload, ``2026-11-13``.
        python: its Requires-Python, empty for none.
        pythons: the interpreters it has wheels for, ``3.11``; empty where one wheel is for all.
        cuda: of a torch, the CUDA release it is built for; ``None`` of everything else.
        yanked: whether its publisher took it back.
        requires: its requirements on other packages with release data, as the wheel states them.
        beside: requirements that hold where the package that they name is used beside it: pins of
            some extras, which are meant whether or not anybody asks for the extra.
    """

    name: str
    version: str
    date: str
    python: str = ""
    pythons: tuple[str, ...] = ()
    cuda: str | None = None
    yanked: bool = False
    requires: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    def runs_on(self, python: str) -> bool:
        """Return whether it can be installed for this Python, ``3.11.7``."""
        minor = ".".join(python.split(".")[:2])
        if self.pythons and minor not in self.pythons:
            return False
        return not self.python or versions.contains(self.python, python)

    def pins(self, python: str, members: Container[str]) -> tuple[tuple[str, str], ...]:
        """Return name and specifier of every requirement that holds for this Python on Linux.

        ``members`` are the packages that the set has in any case.
        """
        parsed = [_parsed(line) for line in self.beside]
        found = [(name, specifier) for name, specifier, _ in parsed if name in members]
        for line in self.requires:
            name, specifier, marker = _parsed(line)
            if _holds(marker, python):
                found.append((normalise(name), specifier))
        return tuple(found)


class Releases:
    """All of them.

    Attributes:
        asked: the day the index was asked.
    """

    def __init__(self, asked: str, by_name: Mapping[str, Mapping[str, Release]]) -> None:
        self.asked = asked
        self._by_name = by_name
        self._newest_first: dict[str, tuple[Release, ...]] = {}  # of the packages asked about

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._by_name)

    def of(self, name: str) -> tuple[Release, ...]:
        """Return every release, newest first; nothing for a package without data."""
        if name not in self._newest_first:
            found = self._by_name.get(name, {}).values()
            self._newest_first[name] = tuple(sorted(found, key=_age, reverse=True))
        return self._newest_first[name]

    def get(self, name: str, version: str) -> Release | None:
        """Return the release of that number, with or without a local label; ``None`` if unknown."""
        return self._by_name.get(name, {}).get(versions.parse(version).public)

    def companion(self, name: str, version: str, other: str) -> str | None:
        """Return the newest ``other`` published before the next release of ``name``.

        What is published on one day belongs together, whatever the pins allow. ``None`` for the
        newest release and for an unknown one.
        """
        release = self.get(name, version)
        newer = [r for r in self.of(name) if release and _age(r) > _age(release)]
        if release is None or not newer:
            return None
        day, until = release.date, newer[-1].date
        return next((r.version for r in self.of(other) if r.date <= day or r.date < until), None)


class _Published(Mapping[str, Mapping[str, Release]]):
    """The releases of each package in the data, made when the package is asked about."""

    def __init__(self) -> None:
        self._made: dict[str, dict[str, Release]] = {}

    def __getitem__(self, name: str) -> Mapping[str, Release]:
        if name not in names():
            raise KeyError(name)
        if name not in self._made:
            found = releases_of(name).items()
            self._made[name] = {number: self._release(name, number, item) for number, item in found}
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(names())

    def __len__(self) -> int:
        return len(names())

    def _release(self, name: str, version: str, entry: Mapping[str, Any]) -> Release:
        return Release(
            name=name,
            version=version,
            date=entry["date"],
            python=entry.get("python", ""),
            pythons=tuple(entry.get("pythons", ())),
            cuda=entry.get("cuda"),
            yanked=entry.get("yanked", False),
            requires=tuple(entry["requires"]),
            beside=tuple(entry.get("beside", ())),
        )


@lru_cache(maxsize=1)
def load_releases() -> Releases:
    """Return the releases that ship with this version of gemma_compat."""
    return Releases(day_asked(), _Published())


def normalise(name: str) -> str:
    """Return a distribution name as PEP 503 compares it."""
    return "-".join(part for part in name.lower().replace("_", "-").replace(".", "-").split("-"))


# What nearly all pins are made of. The others go to ``packaging``: its parser costs a tenth of an
# answer.
_SIGN = r"(?:[<>=!]=|[<>]|~=)"
_BOUND = rf"{_SIGN} ?[\w.]+"
_REQUIREMENT = re.compile(
    rf"([A-Za-z][\w-]*)(?:\[[\w,-]+\])? ?((?:{_BOUND}(?:, ?{_BOUND})*)?) ?(?:; ?(.+))?"
)
_CONDITION = re.compile(rf'(\w+) ({_SIGN}) "([\w.]+)"')


@lru_cache(maxsize=None)
def _parsed(line: str) -> tuple[str, str, str]:
    """Return name, specifier and marker of a requirement."""
    plain = _REQUIREMENT.fullmatch(line)
    if plain:
        parts = plain[2].replace(" ", "").split(",")
        return plain[1], ",".join(sorted(parts)), plain[3] or ""
    from packaging.requirements import Requirement

    other = Requirement(line)
    return other.name, str(other.specifier), str(other.marker or "")


@lru_cache(maxsize=None)
def _holds(marker: str, python: str) -> bool:
    """Return whether a marker holds on Linux for this Python; an empty one does."""
    minor = ".".join(python.split(".")[:2])
    if not marker:
        return True
    either = [part.split(" and ") for part in marker.split(" or ")]
    found = [[_CONDITION.fullmatch(condition) for condition in part] for part in either]
    if all(_is_plain(condition) for part in found for condition in part):
        return any(all(_is_met(one, minor) for one in part if one) for part in found)
    from packaging.markers import Marker

    environment = {**_PLATFORM, "python_version": minor, "python_full_version": python}
    return Marker(marker).evaluate(environment)


def _is_plain(condition: re.Match[str] | None) -> bool:
    if condition is None:
        return False
    return condition[1] == "python_version" or (
        condition[1] in _PLATFORM and condition[2] in ("==", "!=")
    )


def _is_met(condition: re.Match[str], minor: str) -> bool:
    name, sign, wanted = condition.groups()
    if name == "python_version":
        return versions.contains(f"{sign}{wanted}", minor)
    return (_PLATFORM[name] == wanted) == (sign == "==")


def _age(release: Release) -> Any:
    return versions.parse(release.version)
