"""Who raises an error, in which releases, and when that code changed next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ._package import DATA, HOLE, PackageIndex, indexed, opened, releases_of, without_blanks
from .fitting import Fit
from .frames import Error, Frame, Traceback
from .intervals import Interval, intervals

_LEAST = 14  # letters of a message that have to be literal


@dataclass(frozen=True)
class Site:
    """A place that raises: a function of a file."""

    path: str
    function: str


@dataclass(frozen=True)
class Origin:
    """Where an error comes from.

    Attributes:
        package: the distribution.
        kind: the exception's class.
        site: the function that raised it; where no text of it is known, the last function of the
            traceback inside the package.
        wording: the text as the code has it, with ``…`` for what it fills in; empty where unknown.
        releases: those in which that text is raised there; empty where no text is known.
        judged_in: the release whose function is compared with later ones.
        changed_in: the first later release in which the function differs; empty where none is.
        gone: whether the function is not there any more in ``changed_in``.
        newest: the newest release that was read.
        at: the line of the log where the error stands.
    """

    package: str
    kind: str
    site: Site
    wording: str
    releases: tuple[Interval, ...]
    judged_in: str
    changed_in: str
    gone: bool
    newest: str
    at: int

    @property
    def key(self) -> str:
        """As a rule's ``raised_at`` names it: ``ValueError trl/x.py:function``."""
        return f"{self.kind} {self.site.path}:{self.site.function}"


@dataclass(frozen=True)
class Match:
    """A message that the code prints, found for an error's text."""

    package: str
    template: str
    weight: int
    sites: tuple[tuple[str, Site, frozenset[int]], ...]


def who_raises(
    traceback: Traceback,
    fits: Iterable[Fit] = (),
    stated: dict[str, str] | None = None,
    folder: Path = DATA,
) -> Origin | None:
    """Return where the error of a traceback comes from; ``None`` where the index cannot say.

    Args:
        traceback: its last frames decide between several places that raise the same text.
        fits: releases read off the frames; the newest of them is compared with later ones.
        stated: distribution to release, as the log states it; goes before ``fits``.
    """
    error = traceback.error
    if error is None:
        return None
    release = {fit.package: fit.releases[-1] for fit in fits} | dict(stated or {})
    modules = _modules(traceback.frames, folder)
    matches = [match for module in modules for match in messages(error, opened(module, folder))]
    if not matches:
        others = [module for module in indexed(folder) if module not in modules]
        matches = [match for module in others for match in messages(error, opened(module, folder))]
    if matches:
        best = max(matches, key=lambda match: (_is_passed(match, traceback.frames), match.weight))
        return _told(best, traceback, release, folder)
    return _last_function(traceback, release, folder)


def _modules(frames: Sequence[Frame], folder: Path) -> list[str]:
    """The packages to look in: those of the frames, the last first; all where there is none."""
    known = indexed(folder)
    passed = dict.fromkeys(frame.module for frame in reversed(frames) if frame.module in known)
    return list(passed) or list(known)


def messages(error: Error, index: PackageIndex) -> list[Match]:
    """The messages of a package that the error's text fits, in no order."""
    block = index.block("messages")
    text = without_blanks(error.message)
    found: list[Match] = []
    if sum(map(str.isalpha, text)) < _LEAST:
        return found
    for number, piece in enumerate(index.pieces()):
        if piece not in text:
            continue
        template, rows = block["rows"][number]
        weight = _weight(template, text)
        sites = tuple(
            (
                block["kinds"][kind],
                Site(block["paths"][path], function),
                releases_of(block["spans"][span]),
            )
            for kind, path, function, span in rows
            if _may_raise(block["kinds"][kind], error.kind)
        )
        if weight >= _LEAST and sites:
            found.append(Match(index.distribution, template, weight, sites))
    return found


def _may_raise(kind: str, raised: str) -> bool:
    """A class has to be the error's; a check's class is not known, and logging raises nothing."""
    return kind == raised or kind == "check" or (kind[:1].islower() and kind not in {"log", "warn"})


def _weight(template: str, text: str) -> int:
    """The letters of the template if its pieces stand in the text in this order, else 0."""
    at = weight = 0
    for piece in template.split(HOLE):
        squeezed = without_blanks(piece)
        found = text.find(squeezed, at)
        if found < 0:
            return 0
        at = found + len(squeezed)
        weight += sum(map(str.isalpha, squeezed))
    return weight


def _is_passed(match: Match, frames: Sequence[Frame]) -> bool:
    paths = {frame.path for frame in frames}
    return any(site.path in paths for _, site, _ in match.sites)


def _told(
    match: Match, traceback: Traceback, release: dict[str, str], folder: Path
) -> Origin | None:
    """The origin for a message: the site that the frames pass last, else the only one."""
    index = opened(match.package.replace("-", "_"), folder)
    last = {frame.path: number for number, frame in enumerate(traceback.frames)}
    names = {frame.path: frame.function for frame in traceback.frames}

    def key(item: tuple[str, Site, frozenset[int]]) -> tuple[int, bool, int]:
        site = item[1]
        named = names.get(site.path, "?").rpartition(".")[2] == site.function.rpartition(".")[2]
        return (last.get(site.path, -1), named, max(item[2]))

    _, site, numbers = max(match.sites, key=key)
    wording = match.template.replace(HOLE, "…")
    return _origin(index, site, wording, numbers, release.get(match.package, ""), traceback)


def _last_function(traceback: Traceback, release: dict[str, str], folder: Path) -> Origin | None:
    """The last function of the traceback in a package other than torch, without a text."""
    known = indexed(folder)
    for frame in reversed(traceback.frames):
        if frame.module == "torch" or frame.module not in known or frame.function[:1] == "<":
            continue
        index = opened(frame.module, folder)
        version = release.get(index.distribution, "")
        number = index.number(version) if version else None
        history = index.history(frame.path)
        if number is None or history is None:
            continue
        if number not in history.fitting(frame.line, frame.code, frame.function, ()):
            continue  # another release than is thought, or a changed file
        function = history.function_at(number, frame.line)
        if not function or function.rpartition(".")[2] != frame.function.rpartition(".")[2]:
            continue
        site = Site(frame.path, function)
        return _origin(index, site, "", frozenset(), version, traceback)
    return None


def _origin(
    index: PackageIndex,
    site: Site,
    wording: str,
    numbers: frozenset[int],
    version: str,
    traceback: Traceback,
) -> Origin | None:
    number = index.number(version) if version else None
    if number is None or (numbers and number not in numbers):
        number = max(numbers, default=None) if numbers else number
    if number is None:
        return None
    history = index.history(site.path)
    change = history.next_change(number, site.function) if history and site.function else None
    return Origin(
        index.distribution,
        traceback.error.kind if traceback.error else "",
        site,
        wording,
        intervals(index, numbers),
        index.releases[number].version,
        index.releases[change[0]].version if change else "",
        bool(change) and not change[1],  # type: ignore[index]
        index.releases[-1].version,
        traceback.error.at if traceback.error else 0,
    )


def sites_of(wording: str, index: PackageIndex) -> Iterator[tuple[Site, frozenset[int]]]:
    """The places of a package that print this text, and their releases; for rules' raise sites."""
    block = index.block("messages")
    for template, rows in block["rows"]:
        if wording in template:
            for _, path, function, span in rows:
                yield Site(block["paths"][path], function), releases_of(block["spans"][span])
