"""Look up an attribute that an object does not have: which releases' code gives it to the class.

No more than the code of the indexed packages is known. What the script sets on an object, or a
package that is not indexed, is not in it: nothing that is found here is certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ._package import PackageIndex, indexed, opened, releases_of
from .frames import Error, Frame
from .lacking import Missing, made

# A base that assigns an attribute only to models that have it already.
_SETS_IF_THERE = {"EmbeddingAccessMixin"}
# Bases that give an object no attribute of their own.
_BARE = {"object", "ABC", "Generic", "Protocol"}
_MODULES = {"nn.Module", "torch.nn.Module", "Module"}
_BY_CALL = {"__getattr__", "__getattribute__", "*"}  # "*": setattr by a name that is computed
_DEPTH = 6  # bases above each other that are followed


def attribute(
    match: re.Match[str], error: Error, frames: tuple[Frame, ...], folder: Path
) -> Iterator[Missing]:
    """Look up an attribute of an object, whose class is sought in the frames' packages first.

    Nothing is said of a class that may have the attribute by what was not read.
    """
    owner, name = match["owner"], match["name"]
    passed = dict.fromkeys(frame.module for frame in reversed(frames))
    for module in [*passed, *(item for item in indexed(folder) if item not in passed)]:
        if module not in indexed(folder):
            continue
        index = opened(module, folder)
        kept = _kept(index, owner)
        if not kept:
            continue
        found = members(index, owner, name)
        everywhere = frozenset[int]().union(*kept)
        if found >= everywhere:
            # The error disproves it: a method of a base assigns the attribute, and was not called.
            found = members(index, owner, name, depth=0)
        # One that no release has may be set from outside, or belong to a base elsewhere.
        is_clear = found and not found >= everywhere and not _is_ambiguous(kept)
        if is_clear and not _may_have(index, owner, name, folder):
            yield made("attribute", name, owner, index, found, error)
        return


def _classes(index: PackageIndex, name: str) -> tuple[list[Any], list[list[int]]]:
    """Return the entries of the classes of that name; placeholders of absent packages left out."""
    entries, spans = index.symbols(name)
    found = [item for item in entries if "class" in item[1] and ".dummy_" not in item[0]]
    return found, spans


def _kept(index: PackageIndex, owner: str) -> list[frozenset[int]]:
    entries, spans = _classes(index, owner)
    return [releases_of(spans[entry[1]["class"]]) for entry in entries]


def _is_ambiguous(kept: list[frozenset[int]]) -> bool:
    """Return whether a release has two classes of the name: the error says not which it means."""
    return len(frozenset[int]().union(*kept)) < sum(map(len, kept))


def members(index: PackageIndex, owner: str, name: str, depth: int = 4) -> frozenset[int]:
    """Return the releases in which a class, or a base of it in the same package, has a member."""
    entries, spans = index.symbols(owner)
    found: set[int] = set()
    for entry in entries:
        if "class" not in entry[1] or len(entry) < 5:
            continue
        if name in entry[3]:
            found |= releases_of(spans[entry[3][name]])
        for base, span in entry[2].items() if depth else ():
            if _simple(base) in _SETS_IF_THERE:
                continue
            held = members(index, _simple(base), name, depth - 1)
            found |= held & releases_of(spans[span])
    return frozenset(found)


def _simple(base: str) -> str:
    """Return the class's own name: ``Cache`` for ``cache_utils.Cache[int]``."""
    return base.partition("[")[0].rpartition(".")[2]


def _may_have(index: PackageIndex, owner: str, name: str, folder: Path) -> bool:
    """Return whether a class may have the attribute by what the index does not show.

    It may by a base in a package that is not indexed, and by code that answers for any name. Of a
    torch module, or of a base in another package, nothing is known by an index that counted only
    what is assigned to ``self``: most of a module's tensors are registered.
    """
    return any(
        _is_unread(index, base, name, folder, _DEPTH) for base in _bases(index, owner)
    ) or _answers_any(index, owner)


def _bases(index: PackageIndex, owner: str) -> list[str]:
    return list(dict.fromkeys(base for e in _classes(index, owner)[0] for base in _of(e, 2)))


def _of(entry: list[Any], position: int) -> dict[str, int]:
    """Return bases (2) or members (3) of a class's entry; a class without any has no such part."""
    found: dict[str, int] = entry[position] if len(entry) >= 5 else {}
    return found


def _answers_any(index: PackageIndex, owner: str) -> bool:
    return any(_BY_CALL & _of(entry, 3).keys() for entry in _classes(index, owner)[0])


def _is_unread(index: PackageIndex, base: str, name: str, folder: Path, depth: int) -> bool:
    """Return whether the attribute may come by this base, or by one above it."""
    simple = _simple(base)
    if simple in _BARE:
        return False
    if not depth:
        return True
    if _kept(index, simple):
        above = _bases(index, simple)
        return _answers_any(index, simple) or any(
            _is_unread(index, item, name, folder, depth - 1) for item in above
        )
    return True
