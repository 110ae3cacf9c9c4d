"""The only place that compares versions (PEP 440).

``packaging`` releases disagree on whether pre-releases match by default, so every test here
passes ``prereleases=True``. A bound names the first pre-release that changed:
``>=4.50.0.dev0`` or ``<5.0.0rc1``. ``packaging`` is imported on first use, since
``import gemma_compat`` must not pay for it. ``packaging.specifiers`` costs twice an empty
interpreter and imports ``logging`` and ``subprocess``, so the comparisons that rules are made of
(``>=4.50.0.dev0,<5.0.0rc1``) are made here, as a test compares; it has all others.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

_LONGEST = 100  # characters
_KEPT = 10_000  # answers of each function: those of a stack, not those of ten thousand nodes
_COMPARISON = re.compile(r"(>=|<=|==|!=|<)\s*(\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?(?:\.dev\d+)?)")
_NUMBERS = r"(\d{1,6})(?:\.(\d{1,6}))?(?![\w])"


@lru_cache(maxsize=_KEPT)
def parse(version: str) -> Version:
    """Return the parsed version. Raises ``ValueError`` (``InvalidVersion``) where it is none."""
    from packaging.version import Version

    return Version(version)


@lru_cache(maxsize=_KEPT)
def specifier(text: str) -> SpecifierSet:
    """Return the parsed specifier. Raises ``ValueError`` (``InvalidSpecifier``) where it is
    none.
    """
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(text)


@lru_cache(maxsize=_KEPT)
def _comparisons(text: str) -> tuple[tuple[str, Version], ...] | None:
    """Return operators and bounds; ``None`` if any part is more than a comparison."""
    parts = [_COMPARISON.fullmatch(part.strip()) for part in text.split(",") if part.strip()]
    if not all(parts):
        return None
    return tuple((part[1], parse(part[2])) for part in parts if part)


@lru_cache(maxsize=_KEPT)
def is_valid(version: str) -> bool:
    """Return whether this can be compared with the releases that rules name.

    A version of PEP 440 without an epoch (``1!4.50.3`` is newer than any release, whatever it
    holds) and without a leading ``v``, which no published package has.
    """
    if len(version) > _LONGEST or not version.isascii() or not version[:1].isdigit():
        return False
    try:
        return parse(version).epoch == 0
    except ValueError:
        return False


def major(version: str) -> int | None:
    """Return the first number of a version; ``None`` where it is none."""
    return parse(version).major if is_valid(version) else None


def numbers(text: str | None) -> tuple[int, int] | None:
    """Return the first two numbers of ``12.8`` or ``535.104.05``; ``None`` for other texts."""
    found = re.match(_NUMBERS, text or "", re.ASCII)
    return (int(found[1]), int(found[2] or 0)) if found else None


def is_specifier(text: str) -> bool:
    """Return whether this is a PEP 440 specifier; an empty one allows every version."""
    if _comparisons(text) is not None:
        return True
    try:
        specifier(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=_KEPT)
def contains(text: str, version: str) -> bool:
    """Return whether ``version`` satisfies the specifier ``text``, pre-releases included.

    A local label is dropped first: ``2.6.0+cu124`` is the release 2.6.0.
    """
    release = parse(version)
    if release.local is not None:
        release = parse(release.public)
    comparisons = _comparisons(text)
    if comparisons is None:
        return specifier(text).contains(release, prereleases=True)
    return all(_HOLDS[sign](release, bound) for sign, bound in comparisons)


def _is_before(version: Version, bound: Version) -> bool:
    """Return whether a version is older; ``<5.0.0`` leaves out the pre-releases of 5.0.0 too."""
    if version.is_prerelease and not bound.is_prerelease:  # 5.0.0rc1 is that of 5, however written
        return version < bound and parse(version.base_version) < parse(bound.base_version)
    return version < bound


_HOLDS: dict[str, Callable[[Version, Version], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    "<": _is_before,
}


def bounds(text: str) -> tuple[str, ...]:
    """Return the versions that a specifier names, oldest first."""
    comparisons = _comparisons(text)
    if comparisons is None:
        return tuple(sorted((part.version for part in specifier(text)), key=parse))
    return tuple(str(bound) for bound in sorted(bound for _, bound in comparisons))


@lru_cache(maxsize=_KEPT)
def is_undecided(text: str, version: str) -> bool:
    """Return whether the number alone cannot say on which side of a bound this build lies.

    So it is for a development build of the very release that a bound names: ``4.51.0.dev0``
    was cut both before and after the fix that became 4.51.0. Where the bound itself names a
    pre-release, the number decides.
    """
    candidate = parse(version)
    if not candidate.is_devrelease or candidate.is_postrelease:
        return False
    # As versions, not as tuples: a bound may say 4.51 where the build says 4.51.0.
    final = parse(candidate.base_version)
    return any(parse(bound) == final for bound in bounds(text))


def newest(versions: list[str]) -> str:
    """Return the newest of them. Raises ``ValueError`` on an empty list."""
    return max(versions, key=parse)
