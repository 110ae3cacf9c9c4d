"""What an error misses, and which releases have it."""

from __future__ import annotations

from collections.abc import Iterable

from ..values import Value
from ._container import Folder
from ._package import PackageIndex, indexed, opened, releases_of, texts, worded
from .frames import Error
from .intervals import Interval, intervals


class Missing(Value):
    """What an error misses, and where it exists.

    Attributes:
        kind: ``name``, ``module``, ``attribute``, ``argument``, ``model type`` or ``key``.
        name: what is missing.
        owner: the module, class, function or table where the code looked for it.
        package: the distribution.
        releases: those that have it; empty if none that was read has.
        elsewhere: modules that define the name, if ``owner`` never does.
        oldest, newest: the ends of what was read.
        at: the line of the log where the error stands.
        counted: of an attribute, whether every way was counted by which the package's code can set
            it; else only what its class and the bases there define and assign to ``self``.
    """

    kind: str
    name: str
    owner: str
    package: str
    releases: tuple[Interval, ...]
    elsewhere: tuple[tuple[str, tuple[Interval, ...]], ...] = ()
    oldest: str = ""
    newest: str = ""
    at: int = 0
    counted: bool = False


def index_of(module: str, folder: Folder) -> PackageIndex | None:
    """Return the index of a module's package; of a few it has texts and tables alone."""
    top = module.partition(".")[0]
    if top in indexed(folder):
        return opened(top, folder)
    return texts(top, folder) if top in worded(folder) else None


def index_of_names(module: str, folder: Folder) -> PackageIndex | None:
    """Return the index that has the names of a module's package; of vLLM it is the one of texts."""
    top = module.partition(".")[0]
    if top in worded(folder) and texts(top, folder).block("modules")["rows"]:
        return texts(top, folder)
    return index_of(module, folder)


def keyed(index: PackageIndex, table: str, key: str) -> frozenset[int]:
    """Return the releases in which a table of that name, in any module, has the key."""
    block = index.block("tables")
    found: set[int] = set()
    for name, rows in (block["rows"] or {"tables": {}})["tables"].items():
        if name.rpartition(":")[2] == table:
            for span in rows.get(key, ())[1::2]:
                found |= releases_of(block["spans"][span])
    return frozenset(found)


def made(
    kind: str,
    name: str,
    owner: str,
    index: PackageIndex,
    found: Iterable[int],
    error: Error,
    elsewhere: tuple[tuple[str, tuple[Interval, ...]], ...] = (),
) -> Missing:
    """Return what an error misses, for the releases in ``found``."""
    spans, read = intervals(index, found), index.releases
    return Missing(
        kind,
        name,
        owner,
        index.distribution,
        spans,
        elsewhere,
        read[0].version,
        read[-1].version,
        error.at,
        index.counts_attributes,
    )
