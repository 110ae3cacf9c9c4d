"""Find who raises an error, in which releases, and when that code changed next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ._package import DATA, HOLE, PackageIndex, indexed, opened, releases_of, without_blanks
from .fitting import Fit
from .frames import Error, Frame, Traceback
from .intervals import Interval, intervals

# Python raises these itself far more often than code does, with the same few texts.
_OF_PYTHON = {"NameError", "UnboundLocalError", "IndexError", "ZeroDivisionError"}
# What Python words itself: code that raises in these words is rare.
_WORDED_BY_PYTHON = re.compile(
    r"'[\w.]+' object (?:has no attribute '\w+'|is not (?:callable|iterable|subscriptable))|"
    r"[\w.<>]+\(\) (?:got an unexpected keyword argument|takes |missing \d)"
)
_LEAST = 14  # letters of a message that must match literally


@dataclass(frozen=True)
class Site:
    """A function that raises.

    Attributes:
        path: its file, from the top-level package on.
        function: its qualified name; empty for a module's own code.
    """

    path: str
    function: str


@dataclass(frozen=True)
class Origin:
    """Where an error comes from.

    Attributes:
        package: the distribution.
        kind: the exception's class.
        site: the function that raises it. If its text is not indexed, the traceback's last function
            inside the package.
        wording: the text as the code has it, with ``…`` for what it fills in; empty if not indexed.
        releases: those in which that function raises that text; empty if the text is not indexed.
        judged_in: the release whose function is compared with later ones.
        changed_in: the first later release in which the function differs; empty if none does.
        gone: whether the function no longer exists in ``changed_in``.
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
        """Return the origin as a rule's ``raised_at`` names it: ``ValueError
        trl/x.py:function``.
        """
        return f"{self.kind} {self.site.path}:{self.site.function}"


@dataclass(frozen=True)
class Match:
    """An indexed message that fits an error's text.

    Attributes:
        package: the distribution.
        template: the message, with a hole for each part that varies.
        weight: how many letters of it match literally.
        sites: each place that prints it, with the exception's class and the releases.
    """

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
    # What the last frame's package does not raise, Python does: no other package's text is meant.
    ends_inside = bool(traceback.frames) and traceback.frames[-1].module in indexed(folder)
    if not matches and not ends_inside:
        others = [module for module in indexed(folder) if module not in modules]
        matches = [match for module in others for match in messages(error, opened(module, folder))]
    if matches:
        best = max(matches, key=lambda match: (_is_passed(match, traceback.frames), match.weight))
        if _is_of_python(error) and not _is_passed(best, traceback.frames):
            return _last_function(traceback, release, folder)
        return _told(best, traceback, release, folder)
    return _last_function(traceback, release, folder)


def _is_of_python(error: Error) -> bool:
    """Return whether Python itself most likely raised it."""
    return error.kind in _OF_PYTHON or _WORDED_BY_PYTHON.match(error.message) is not None


def _modules(frames: Sequence[Frame], folder: Path) -> list[str]:
    """Return the packages to look in: those of the frames, last first; all if there are no
    frames.
    """
    known = indexed(folder)
    passed = dict.fromkeys(frame.module for frame in reversed(frames) if frame.module in known)
    return list(passed) or list(known)


def messages(error: Error, index: PackageIndex) -> list[Match]:
    """Return the messages of a package that fit the error's text, in no particular order."""
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
    """Return whether such a message can belong to the error: same class, or the class is
    unknown.
    """
    return kind == raised or kind == "check" or (kind[:1].islower() and kind not in {"log", "warn"})


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


def _is_passed(match: Match, frames: Sequence[Frame]) -> bool:
    paths = {frame.path for frame in frames}
    return any(site.path in paths for _, site, _ in match.sites)


def _told(
    match: Match, traceback: Traceback, release: dict[str, str], folder: Path
) -> Origin | None:
    """Return the origin for a message: the site that the frames pass last, else the only one.

    ``None`` if several places have this text and the frames pass none of them.
    """
    if len({site for _, site, _ in match.sites}) > 1 and not _is_passed(match, traceback.frames):
        return None
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
    """Return the traceback's last function outside torch as the origin, without a text."""
    known = indexed(folder)
    silent = {"torch"}  # packages whose last function says nothing: the ones before it are not last
    for frame in reversed(traceback.frames):
        if frame.module in silent or frame.module not in known or frame.function[:1] == "<":
            continue
        silent.add(frame.module)
        index = opened(frame.module, folder)
        version = release.get(index.distribution, "")
        number = index.number(version) if version else None
        history = index.history(frame.path)
        if number is None or history is None:
            continue
        if number not in history.fitting(frame.line, frame.code, frame.function, ()):
            continue  # the release is another one, or the file was changed
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
    """Yield each place of a package that prints this text, with its releases."""
    block = index.block("messages")
    for template, rows in block["rows"]:
        if wording in template:
            for _, path, function, span in rows:
                yield Site(block["paths"][path], function), releases_of(block["spans"][span])
