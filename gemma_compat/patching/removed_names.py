"""Names that a package removed, put back as classes that can be imported and nothing else.

What a module asks for at its top, to compare a type with or to use in one branch of many, can be
imported then. An instance is never made: a class that only looked like the old cache would train
or generate something else, silently.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from ..errors import PatchNotNeeded


class RemovedName:
    """Base of the stand-ins. Raises on instantiation, and names what to do."""

    def __new__(cls, *args: Any, **kwargs: Any) -> RemovedName:
        """Raise: these names were removed."""
        raise RuntimeError(
            f"{cls.__name__} was removed from transformers 5; gemma_compat (GC901) only made it "
            "importable. Upgrade what asks for it (peft 0.18 or newer, liger-kernel 0.6.5 or newer)"
        )


_made: dict[str, type] = {}


def stand_in(name: str) -> type:
    """Return the class for this name: the same one wherever it is put."""
    if name not in _made:
        _made[name] = type(name, (RemovedName,), {"__module__": __name__, "__doc__": None})
    return _made[name]


def add_missing(module: ModuleType, names: tuple[str, ...], ledger: Any) -> None:
    """Put a stand-in into the module for each of the names that it lacks.

    Raises:
        PatchNotNeeded: it has all of them.
    """
    missing = [name for name in names if not hasattr(module, name)]
    if not missing:
        raise PatchNotNeeded(f"{module.__name__} has these names")
    for name in missing:
        ledger.set_attribute(module, name, stand_in(name))
