"""The only place that compares versions (PEP 440).

``packaging`` releases disagree on whether pre-releases match by default, so every test here
passes ``prereleases=True``. A bound names the first pre-release that changed:
``>=4.50.0.dev0`` or ``<5.0.0rc1``. ``packaging`` costs three times an empty interpreter, so what
nearly every report compares is compared here: releases as they are published (``4.50.3``,
``5.0.0rc1``, ``2.6.0+cu124``) and the comparisons that rules are made of
(``>=4.50.0.dev0,<5.0.0rc1``). ``packaging`` is imported for all others, and tests hold the two
against each other.
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
_COMPARISON = re.compile(
    r"(>=|<=|==|!=|<)\s*(\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?(?:\.dev\d+)?)|(~=|>)\s*(\d+(?:\.\d+)+)"
)
_NUMBER = r"(?:0|[1-9][0-9]*)"
_PUBLISHED = re.compile(  # as PEP 440 spells a version
    rf"({_NUMBER}(?:\.{_NUMBER})*)(?:(a|b|rc)({_NUMBER}))?(?:\.post({_NUMBER}))?(?:\.dev({_NUMBER}))?"
    r"(?:\+[a-z0-9]+(?:\.[a-z0-9]+)*)?"
)
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


# Epoch, release without zeros at its end, pre-release, post-release, development release.
_Order = tuple[int, tuple[int, ...], tuple[float, int], int, float]
_NONE = float("inf")
_FINAL, _DEV_ALONE = (_NONE, 0), (-1.0, 0)  # in the place of a pre-release
_LETTERS = {"a": 0.0, "b": 1.0, "rc": 2.0}


@lru_cache(maxsize=_KEPT)
def order(version: str) -> _Order:
    """Return what sorts versions; a local label does not count. Raises as :func:`parse`."""
    found = _PUBLISHED.fullmatch(version)
    if found is None:
        other = parse(version)
        post = -1 if other.post is None else other.post
        return _order(other.epoch, other.release, other.pre, post, other.dev)
    release, letter, number, post_text, dev = found.groups()
    return _order(
        0,
        tuple(map(int, release.split("."))),
        (letter, int(number)) if letter else None,
        int(post_text) if post_text else -1,
        int(dev) if dev else None,
    )


def _order(
    epoch: int, release: tuple[int, ...], pre: tuple[str, int] | None, post: int, dev: int | None
) -> _Order:
    while len(release) > 1 and not release[-1]:
        release = release[:-1]
    if pre is not None:
        stage: tuple[float, int] = (_LETTERS[pre[0]], pre[1])
    else:
        stage = _DEV_ALONE if dev is not None and post < 0 else _FINAL
    return epoch, release, stage, post, _NONE if dev is None else dev


def _is_prerelease(version: _Order) -> bool:
    _, _, stage, _, dev = version
    return stage != _FINAL or dev != _NONE


def _final(version: _Order) -> _Order:
    """Return the release that a pre-release, a post-release or a development build is one of."""
    return (*version[:2], _FINAL, -1, _NONE)


@lru_cache(maxsize=_KEPT)
def _comparisons(text: str) -> tuple[tuple[str, str], ...] | None:
    """Return operators and bounds; ``None`` if any part is more than a comparison."""
    found: list[tuple[str, str]] = []
    for part in text.split(","):
        comparison = _COMPARISON.fullmatch(part.strip())
        if comparison:
            sign, bound, other_sign, other_bound = comparison.groups()
            found.append((sign or other_sign, bound or other_bound))
        elif part.strip():
            return None
    return tuple(found)


@lru_cache(maxsize=_KEPT)
def is_valid(version: str) -> bool:
    """Return whether this can be compared with the releases that rules name.

    A version of PEP 440 without an epoch (``1!4.50.3`` is newer than any release, whatever it
    holds) and without a leading ``v``, which no published package has.
    """
    if len(version) > _LONGEST or not version.isascii() or not version[:1].isdigit():
        return False
    try:
        return order(version)[0] == 0
    except ValueError:
        return False


def major(version: str) -> int | None:
    """Return the first number of a version; ``None`` where it is none."""
    return order(version)[1][0] if is_valid(version) else None


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
    comparisons = _comparisons(text)
    if comparisons is None:
        return specifier(text).contains(public(version), prereleases=True)
    release = order(version)
    for sign, bound in comparisons:
        if sign == "~=":
            holds = _is_compatible(release, bound)
        else:
            holds = _HOLDS[sign](release, order(bound))
        if not holds:
            return False
    return True


def _is_compatible(version: _Order, bound: str) -> bool:
    """Return whether a version is of a bound's series and not older: ``~=3.9.0`` is 3.9."""
    series = tuple(map(int, bound.split(".")[:-1]))
    release = (*version[1], *[0] * len(series))
    return version[0] == 0 and release[: len(series)] == series and version >= order(bound)


def _is_after(version: _Order, bound: _Order) -> bool:
    """Return whether a version is newer; ``>5.0.0`` leaves out its post-releases too."""
    is_post_of_it = version[3] >= 0 > bound[3] and version[:2] == bound[:2]
    return version > bound and not is_post_of_it


def _is_before(version: _Order, bound: _Order) -> bool:
    """Return whether a version is older; ``<5.0.0`` leaves out the pre-releases of 5.0.0 too."""
    if _is_prerelease(version) and not _is_prerelease(bound):
        return version < bound and _final(version) < _final(bound)
    return version < bound


_HOLDS: dict[str, Callable[[_Order, _Order], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    "<": _is_before,
    ">": _is_after,
}


def public(version: str) -> str:
    """Return a version as PEP 440 spells it, without its local label. Raises as :func:`parse`."""
    if _PUBLISHED.fullmatch(version):
        return version.partition("+")[0]
    return parse(version).public


def bounds(text: str) -> tuple[str, ...]:
    """Return the versions that a specifier names, oldest first."""
    comparisons = _comparisons(text)
    if comparisons is None:
        return tuple(sorted((part.version for part in specifier(text)), key=parse))
    return tuple(str(bound) for bound in sorted(parse(bound) for _, bound in comparisons))


@lru_cache(maxsize=_KEPT)
def is_undecided(text: str, version: str) -> bool:
    """Return whether the number alone cannot say on which side of a bound this build lies.

    So it is for a development build of the very release that a bound names: ``4.51.0.dev0``
    was cut both before and after the fix that became 4.51.0. Where the bound itself names a
    pre-release, the number decides.
    """
    candidate = order(version)
    *_, post, dev = candidate
    if dev == _NONE or post >= 0:
        return False
    comparisons = _comparisons(text)
    named = bounds(text) if comparisons is None else [bound for _, bound in comparisons]
    return any(order(bound) == _final(candidate) for bound in named)


def newest(versions: list[str]) -> str:
    """Return the newest of them. Raises ``ValueError`` on an empty list."""
    return max(versions, key=order)


def is_newer(version: str, than: str) -> bool:
    """Return whether a version is newer; a build with a local label is newer than one without."""
    if "+" in version or "+" in than:
        return parse(version) > parse(than)
    return order(version) > order(than)
