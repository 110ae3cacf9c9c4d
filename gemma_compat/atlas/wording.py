"""Find the messages of a package that an error's text can be."""

from __future__ import annotations

from collections.abc import Iterator

from ..values import Value
from ._package import HOLE, PackageIndex, without_blanks
from .frames import Error

LEAST = 14  # letters of a message that must match literally


class Site(Value):
    """A function that raises.

    Attributes:
        path: its file, from the top-level package on.
        function: its qualified name; empty for a module's own code.
    """

    path: str
    function: str


class Match(Value, hidden=("index",)):
    """An indexed message that fits an error's text.

    Attributes:
        package: the distribution.
        template: the message, with a hole for each part that varies.
        weight: how many letters of it match literally.
        sites: each place that prints it, with the exception's class and the releases.
        index: the package's index.
    """

    package: str
    template: str
    weight: int
    sites: tuple[tuple[str, Site, frozenset[int]], ...]
    index: PackageIndex


def messages(error: Error, index: PackageIndex) -> list[Match]:
    """Return the messages of a package that fit the error's text, in no particular order."""
    text = without_blanks(error.message)
    found: list[Match] = []
    if sum(map(str.isalpha, text)) < LEAST:
        return found
    for number, template in enumerate(index.templates()):
        if without_blanks(max(template.split(HOLE), key=len)) not in text:
            continue
        weight = _weight(template, text)
        sites = tuple(
            (kind, Site(path, function), releases)
            for kind, path, function, releases in (index.places(number) if weight >= LEAST else ())
            if _may_raise(kind, error.kind)
        )
        if sites:
            found.append(Match(index.distribution, template, weight, sites, index))
    return found


def _may_raise(kind: str, raised: str) -> bool:
    """Return whether such a message can belong to the error: same class, or the class is
    unknown.
    """
    silent = {"log", "warn", "held"}  # "held": it only stands in the file
    return kind == raised or kind == "check" or (kind[:1].islower() and kind not in silent)


def _weight(template: str, text: str) -> int:
    """Return the letters of the template if its pieces stand in the text in this order, else 0."""
    at = weight = 0
    for piece in template.split(HOLE):
        squeezed = without_blanks(piece)
        found = text.find(squeezed, at)
        if found < 0:
            return 0
        at = found + len(squeezed)
        weight += sum(map(str.isalpha, squeezed))
    return weight


def sites_of(wording: str, index: PackageIndex) -> Iterator[tuple[Site, frozenset[int]]]:
    """Yield each place of a package that prints this text, with its releases."""
    for number, template in enumerate(index.templates()):
        if wording in template.replace(HOLE, "…"):
            for _, path, function, releases in index.places(number):
                yield Site(path, function), releases
