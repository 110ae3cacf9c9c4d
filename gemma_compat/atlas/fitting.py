"""Find the releases that the frames of a traceback fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from .. import versions
from ..values import Value
from ._container import Folder, IndexUnusable
from ._package import DATA, PackageIndex, indexed, opened, worded
from .frames import Frame
from .intervals import Interval, intervals


class Fit(Value):
    """The releases of one package that its frames fit.

    Attributes:
        package: the distribution.
        releases: versions, oldest first. Where ``exact``, each of them fits every frame; else the
            nearest: those that fit most of the frames, without a claim that one of them is it.
        exact: whether every frame fits.
        fitted: how many frames fit the releases named.
        frames: how many frames are in files that are indexed.
        lines: the lines of the log where these frames stand, from 1.
        intervals: the same releases, without those between that do not fit.
    """

    package: str
    releases: tuple[str, ...]
    exact: bool
    fitted: int
    frames: int
    lines: tuple[int, ...] = ()
    intervals: tuple[Interval, ...] = ()

    @property
    def single(self) -> str | None:
        """Return the release, if exactly one fits every frame; else ``None``."""
        return self.releases[0] if self.exact and len(self.releases) == 1 else None


class Contradiction(Value):
    """A stated release that the traceback rules out."""

    package: str
    stated: str
    fit: Fit


def fit_releases(frames: Iterable[Frame], folder: Folder = DATA) -> tuple[Fit, ...]:
    """Return for each indexed package the releases that its frames fit; packages by name.

    Frames in files or packages that are not indexed are ignored, as are packages whose frames fit
    no release at all. Raises ``IndexUnusable`` where the index is missing or cannot be read.
    """
    by_module: dict[str, list[Frame]] = {}
    for frame in frames:
        by_module.setdefault(frame.module, []).append(frame)
    if by_module and not indexed(folder) and not worded(folder):
        raise IndexUnusable("the release atlas is not installed")
    known = indexed(folder)
    fits = [_fit(opened(m, folder), by_module[m]) for m in sorted(by_module) if m in known]
    return tuple(fit for fit in fits if fit is not None)


def _fit(index: PackageIndex, frames: Sequence[Frame]) -> Fit | None:
    """Return the releases for one package's frames; ``None`` if no frame fits any."""
    fitting = []
    for frame in frames:
        history = index.history(frame.path)
        if history is not None:
            found = history.fitting(frame.line, frame.code, frame.function, frame.context)
            fitting.append((frame, found))
    if not any(found for _, found in fitting):
        return None
    votes = Counter(number for _, found in fitting for number in found)
    most = max(votes.values())
    best = {number for number, count in votes.items() if count == most}
    return Fit(
        index.distribution,
        index.names(best),
        exact=most == len(fitting),
        fitted=most,
        frames=len(fitting),
        lines=tuple(frame.at for frame, _ in fitting),
        intervals=intervals(index, best),
    )


def contradictions(
    fits: Iterable[Fit], stated: Mapping[str, str], folder: Folder = DATA
) -> tuple[Contradiction, ...]:
    """Return the stated releases that the frames rule out.

    Nothing is said of a release that the index does not have, of a development build, or where
    the frames fit no release exactly.

    Args:
        stated: distribution to version, as the log states it.
    """
    found = []
    for fit in fits:
        version = stated.get(fit.package, "")
        if not fit.exact or not version or not versions.is_valid(version):
            continue
        module = fit.package.replace("-", "_")
        number = opened(module, folder).number(version) if module in indexed(folder) else None
        if number is None or versions.parse(version).is_devrelease:
            continue
        if opened(module, folder).releases[number].version not in fit.releases:
            found.append(Contradiction(fit.package, version, fit))
    return tuple(found)
