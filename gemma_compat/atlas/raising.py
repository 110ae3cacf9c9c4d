"""Find who raises an error, in which releases, and when that code changed next."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from ..values import Value
from ._container import Folder
from ._package import DATA, HOLE, PackageIndex, indexed, opened, texts, worded
from .fitting import Fit
from .frames import DISTRIBUTIONS, WORDED, Error, Frame, Traceback
from .intervals import Interval, intervals
from .wording import Match, Site, messages, sites_of

# Python raises these itself far more often than code does, with the same few texts.
_OF_PYTHON = {"NameError", "UnboundLocalError", "IndexError", "ZeroDivisionError"}
# What Python words itself: code that raises in these words is rare.
_WORDED_BY_PYTHON = re.compile(
    r"'[\w.]+' object (?:has no attribute '\w+'|is not (?:callable|iterable|subscriptable))|"
    r"[\w.<>]+\(\) (?:got an unexpected keyword argument|takes |missing \d)"
)
_LEAST_ALONE, _SHARE = 24, 0.5  # the same, and of how many of its letters, where no frame is seen


class Origin(Value):
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
        is_followed: whether the function was compared with later ones; of some packages only the
            texts are indexed.
        unworded_in: the first release after ``releases`` in which no function raises this text;
            empty if the newest one has such a function.
        is_held: whether the release that the log states, or that fits, raises this text.
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
    is_followed: bool = True
    unworded_in: str = ""
    is_held: bool = False

    @property
    def key(self) -> str:
        """Return the origin as a rule's ``raised_at`` names it: ``ValueError
        trl/x.py:function``.
        """
        return f"{self.kind} {self.site.path}:{self.site.function}"


def who_raises(
    traceback: Traceback,
    fits: Iterable[Fit] = (),
    stated: dict[str, str] | None = None,
    folder: Folder = DATA,
    named: Collection[str] = (),
) -> Origin | None:
    """Return where the error of a traceback comes from; ``None`` where the index cannot say.

    Args:
        traceback: its last frames decide between several places that raise the same text.
        fits: releases read off the frames; the newest of them is compared with later ones.
        stated: distribution to release, as the log states it; goes before ``fits``.
        named: distributions of which the log speaks. An error without frames is looked up in those
            whose texts alone are indexed, and nowhere else; in all others if this is empty.
    """
    error = traceback.error
    if error is None:
        return None
    release = {fit.package: fit.releases[-1] for fit in fits} | dict(stated or {})
    if (match := _worded(traceback, named, folder)) is not None:
        return _told(match, traceback, release)
    if named and not traceback.frames:
        return None
    matches = _looked_up(traceback, folder)
    if matches:
        best = max(matches, key=lambda match: (_is_passed(match, traceback.frames), match.weight))
        if _is_of_python(error) and not _is_passed(best, traceback.frames):
            return _last_function(traceback, release, folder)
        return _told(best, traceback, release)
    return _last_function(traceback, release, folder)


def _looked_up(traceback: Traceback, folder: Folder) -> list[Match]:
    """Return the messages that fit in the packages of the frames; of all if there are no frames.

    What the last frame's package does not raise, Python does: no other package's text is meant.
    """
    error, frames, known = traceback.error, traceback.frames, indexed(folder)
    assert error is not None
    if frames and frames[-1].module not in known:
        return []
    indices = [opened(module, folder) for module in _modules(frames, folder) or known]
    return [match for index in indices for match in messages(error, index)]


def _worded(traceback: Traceback, named: Collection[str], folder: Folder) -> Match | None:
    """Return the text of a package whose texts alone are indexed; ``None`` where none is certain.

    With frames, one of them must be in the function that raises it. Without, the text must be one
    that is raised in one place of one of the packages that the log names.
    """
    error, have = traceback.error, worded(folder)
    assert error is not None
    if traceback.frames:
        last = traceback.frames[-1]
        if last.module not in have:
            return None
        found = [
            Match(item.package, item.template, item.weight, held, item.index)
            for item in messages(error, texts(last.module, folder))
            if (held := tuple(site for site in item.sites if _is_of(site[1], traceback.frames)))
        ]
        return max(found, key=lambda match: match.weight, default=None)
    letters = _SHARE * sum(map(str.isalpha, error.message))
    found = [
        match
        for module in have
        if WORDED.get(module) in named
        for match in messages(error, texts(module, folder))
        if match.weight >= max(_LEAST_ALONE, letters)
    ]
    if not found:
        return None
    known = [module for module in indexed(folder) if DISTRIBUTIONS.get(module) in named]
    others = [opened(module, folder) for module in known]
    found += [match for index in others for match in messages(error, index)]
    places = {(match.package, site) for match in found for _, site, _ in match.sites}
    return found[0] if len(places) == 1 else None


def _is_of(site: Site, frames: Sequence[Frame]) -> bool:
    """Return whether a frame is in that function, or in that file if it names no function."""
    name = site.function.rpartition(".")[2] or "<module>"
    return any(
        frame.path == site.path and frame.function.rpartition(".")[2] in {name, ""}
        for frame in frames
    )


def _is_of_python(error: Error) -> bool:
    """Return whether Python itself most likely raised it."""
    return error.kind in _OF_PYTHON or _WORDED_BY_PYTHON.match(error.message) is not None


def _modules(frames: Sequence[Frame], folder: Folder) -> list[str]:
    """Return the packages of the frames, last first."""
    known = indexed(folder)
    return list(dict.fromkeys(frame.module for frame in reversed(frames) if frame.module in known))


def _is_passed(match: Match, frames: Sequence[Frame]) -> bool:
    paths = {frame.path for frame in frames}
    return any(site.path in paths for _, site, _ in match.sites)


def _told(match: Match, traceback: Traceback, release: dict[str, str]) -> Origin | None:
    """Return the origin for a message: the site that the frames pass last, else the only one.

    ``None`` if several places have this text and the frames pass none of them.
    """
    if len({site for _, site, _ in match.sites}) > 1 and not _is_passed(match, traceback.frames):
        return None
    last = {frame.path: number for number, frame in enumerate(traceback.frames)}
    names = {frame.path: frame.function for frame in traceback.frames}

    def key(item: tuple[str, Site, frozenset[int]]) -> tuple[int, bool, int]:
        site = item[1]
        named = names.get(site.path, "?").rpartition(".")[2] == site.function.rpartition(".")[2]
        return (last.get(site.path, -1), named, max(item[2]))

    _, site, numbers = max(match.sites, key=key)
    wording = match.template.replace(HOLE, "…")
    version = release.get(match.package, "")
    return _origin(match.index, site, wording, numbers, version, traceback)


def _last_function(traceback: Traceback, release: dict[str, str], folder: Folder) -> Origin | None:
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
    is_held = number in numbers
    if number is None or (numbers and not is_held):
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
        is_followed=history is not None,
        unworded_in=_unworded_in(index, wording, numbers) if wording else "",
        is_held=is_held,
    )


def _unworded_in(index: PackageIndex, wording: str, numbers: frozenset[int]) -> str:
    """Return the first release after these in which no function raises the text; else nothing."""
    everywhere = {number for _, held in sites_of(wording, index) for number in held}
    last = max({*numbers, *everywhere}, default=-1)
    return index.releases[last + 1].version if 0 <= last < len(index.releases) - 1 else ""
