"""Look up which packages define a class or function that an error names without its package."""

from __future__ import annotations

from collections.abc import Collection

from ..values import Value
from ._container import Folder
from ._package import DATA, indexed, opened, texts, worded

_HANDED_ON = {"imported", "exported"}
_STANDS_IN = {"unsloth", "unsloth_zoo"}


class Holder(Value):
    """A module that has the name at its top.

    Attributes:
        package: the top-level module of the package.
        module: the module, dotted.
        is_defined: whether its code defines a class or function of that name there; else it only
            imports or assigns it.
    """

    package: str
    module: str
    is_defined: bool


def holders(name: str, folder: Folder = DATA, without: Collection[str] = ()) -> tuple[Holder, ...]:
    """Return every module of the index that has the name, in any release that was read.

    Placeholders for an absent package are left out. Of torch, and of the packages of which the
    texts alone are indexed, no names or only some are known: an empty result proves nothing.

    Args:
        without: top-level packages that are not looked at.
    """
    found = [opened(module, folder) for module in indexed(folder) if module not in without]
    found += [texts(module, folder) for module in worded(folder) if module not in without]
    return tuple(
        Holder(index.module, entry[0], not {"class", "function"}.isdisjoint(entry[1]))
        for index in found
        for entry in index.symbols(name)[0]
        if ".dummy_" not in entry[0] and _HANDED_ON.union({"class", "function"}) & entry[1].keys()
    )


def owner_of(found: Collection[Holder]) -> str:
    """Return the package that alone defines the name; empty where none or several do.

    Unsloth has stand-ins for classes of others.
    """
    owners = {item.package for item in found if item.is_defined}
    if len(owners) > 1:
        owners -= _STANDS_IN
    return owners.pop() if len(owners) == 1 else ""


def is_alone(name: str, package: str, folder: Folder = DATA) -> bool:
    """Return whether the name is that package's, and no other's of the index."""
    found = holders(name, folder)
    return owner_of(found) == package or not any(item.is_defined for item in found)
