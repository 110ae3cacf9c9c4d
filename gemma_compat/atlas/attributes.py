"""Look up an attribute that an object does not have: which releases' code gives it to the class.

No more than the code of the indexed packages is known. What the script sets on an object, or a
package that is not indexed, is not in it: nothing that is found here is certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ._container import Folder
from ._package import PackageIndex, indexed, opened, releases_of
from .defining import is_alone
from .frames import Error, Frame
from .lacking import Missing, made

# A base that assigns an attribute only to models that have it already.
_SETS_IF_THERE = {"EmbeddingAccessMixin"}
# Bases that add no attribute to an object.
_BARE = {"object", "ABC", "Generic", "Protocol"}
_MODULES = {"nn.Module", "torch.nn.Module", "Module"}
_ANSWERS_ANY = {"__getattr__", "__getattribute__"}
_DEPTH = 6  # bases above each other that are followed


def attribute(
    match: re.Match[str], error: Error, frames: tuple[Frame, ...], folder: Folder
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
        if not kept or (module not in passed and not is_alone(owner, module, folder)):
            continue
        found = members(index, owner, name)
        everywhere = frozenset[int]().union(*kept)
        if found >= everywhere:
            # The error disproves it: a method of a base assigns the attribute, and was not called.
            found = members(index, owner, name, depth=0)
        # One that no release has may be set from outside, or belong to a base elsewhere.
        is_clear = found and not found >= everywhere and not _is_ambiguous(kept)
        if is_clear and not _may_have(index, owner, name, found, folder):
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


def _may_have(
    index: PackageIndex, owner: str, name: str, found: frozenset[int], folder: Folder
) -> bool:
    """Return whether an object may have the attribute by what the index's classes do not show.

    It may by a base in a package that is not indexed, by code that answers for any name, and by
    code that sets it from outside, in a release whose class does not have it. Of a torch module
    or of a base in another package nothing is known by an index that counted only what is
    assigned to ``self``: most of a module's tensors are registered.
    """
    outside = index.block("outside")
    span = outside["rows"].get(name)
    if span is not None and not releases_of(outside["spans"][span]) <= found:
        return True
    return _is_unread(index, owner, name, folder, _DEPTH)


def _is_unread(index: PackageIndex, owner: str, name: str, folder: Folder, depth: int) -> bool:
    """Return whether a class of the index may have the attribute by what was not read.

    Args:
        depth: how many bases above each other are followed; what is above them is not read.
    """
    for entry in _classes(index, owner)[0]:
        if len(entry) < 5:  # of its file the names alone were read
            return True
        if any(_stands_for(member, name) for member in entry[3]):
            return True
        for base in entry[2]:
            if _is_unread_base(index, base, name, folder, depth - 1):
                return True
    return False


def _is_unread_base(index: PackageIndex, base: str, name: str, folder: Folder, depth: int) -> bool:
    simple = _simple(base)
    if simple in _BARE or simple in _SETS_IF_THERE:
        return False
    if not depth:
        return True
    if _kept(index, simple):
        return _is_unread(index, simple, name, folder, depth)
    if not index.counts_attributes:
        return True
    if base in _MODULES:
        return False  # what every torch module has is not missed
    others = (opened(item, folder) for item in indexed(folder) if item != index.module)
    for other in others:
        if other.counts_attributes and _kept(other, simple):
            has_it = bool(members(other, simple, name))
            return has_it or _is_unread(other, simple, name, folder, depth)
    return True


def _stands_for(member: str, name: str) -> bool:
    """Return whether a member answers for the name without being written so."""
    if member in _ANSWERS_ANY:
        return True
    if "*" not in member:
        return False
    return re.fullmatch(".*".join(map(re.escape, member.split("*"))), name) is not None
