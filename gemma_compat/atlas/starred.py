"""Names that a module may have beside those of its text: by ``import *`` or by ``__getattr__``."""

from __future__ import annotations

from ._container import Folder
from ._package import PackageIndex, indexed, opened, releases_of


def by_star(
    index: PackageIndex, module: str, name: str, folder: Folder, depth: int = 6
) -> tuple[frozenset[int], frozenset[int]]:
    """Return the releases in which a module has a name by ``import *``, and those in which it may.

    It may where the source is another package's, or was not recorded. A module that loads its names
    late has them in its lists, and the star for type checkers and placeholders alone.
    """
    found, unknown = set[int](), set[int]()
    if name.startswith("_"):
        return frozenset(), frozenset()
    entries, spans = index.symbols("*")
    stars = [item for entry in entries if entry[0] == module for item in entry[1].items()]
    rows = index.block("modules")["rows"] if stars else {}
    late = _defining(index, module, "_LazyModule") if stars else frozenset()
    for kind, span in stars:
        releases = releases_of(spans[span]) - late
        sources = [] if kind == "imported" else kind.split()
        for source in [_absolute(index, module, item) for item in sources] or [""]:
            if not depth or source not in rows:
                unknown |= releases if _may_bring(source, name, folder) else frozenset()
                continue
            nested, open_ones = by_star(index, source, name, folder, depth - 1)
            found |= (_defining(index, source, name) | nested) & releases
            unknown |= open_ones & releases
    return frozenset(found), frozenset(unknown)


def _may_bring(source: str, name: str, folder: Folder) -> bool:
    """Return whether a module of another package may have the name in any release."""
    top = source.partition(".")[0]
    if top not in indexed(folder) or source not in opened(top, folder).block("modules")["rows"]:
        return True
    other = opened(top, folder)
    return bool(_defining(other, source, name) or _defining(other, source, "*"))


def _defining(index: PackageIndex, module: str, name: str) -> frozenset[int]:
    """Return the releases in which a module has a name at its top."""
    entries, spans = index.symbols(name)
    held = [span for entry in entries if entry[0] == module for span in entry[1].values()]
    return frozenset[int]().union(*(releases_of(spans[span]) for span in held))


def is_open(index: PackageIndex, module: str, name: str, depth: int = 3) -> bool:
    """Return whether a module may have a name that its text does not show, in any release.

    It may by a function ``__getattr__``, and by ``import *`` from a module that may have it.
    """
    if any(entry[0] == module for entry in index.symbols("__getattr__")[0]):
        return True
    sources = [
        _absolute(index, module, source)
        for entry in index.symbols("*")[0]
        for kind in entry[1]
        for source in kind.split()
        if entry[0] == module
    ]
    rows = index.block("modules")["rows"]
    having = {entry[0] for entry in index.symbols(name)[0]}
    return any(
        not depth or item not in rows or item in having or is_open(index, item, name, depth - 1)
        for item in sources
    )


def _absolute(index: PackageIndex, module: str, source: str) -> str:
    """Return the module of ``from SOURCE import *`` as it is written in a module."""
    bare = source.lstrip(".")
    up = len(source) - len(bare)
    if not up:
        return source
    is_folder = any(name.startswith(f"{module}.") for name in index.block("modules")["rows"])
    parts = module.split(".")
    kept = parts[: len(parts) - up + is_folder]
    return ".".join([*kept, *([bare] if bare else [])])
