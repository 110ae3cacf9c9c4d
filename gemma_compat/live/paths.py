"""What a model holds, by paths, while it is being written to.

A :class:`~gemma_compat.live.snapshot.Snapshot` keeps the modules alive; this keeps their paths, and
so may stay with a ledger for as long as the user holds it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any

from .snapshot import Snapshot
from .tree import named_modules

Named = list[tuple[str, Any]]


class Paths:
    """The paths in one model, found in one walk and shared by the ledgers of one plan.

    Looks again for an owner that was put into the model since, and after :meth:`forget`.
    """

    def __init__(self, model: Any) -> None:
        self._held = _weakly(model)
        self.forget()

    def forget(self) -> None:
        """Walk again when asked next: a module or a config was put into the model."""
        self._found: dict[int, str] = {}
        self._text_models: list[str] = []
        self._configs: list[str] = []

    def of(self, owner: Any) -> str:
        """Return the owner's path from the model down; its class name where the model does not
        hold it.
        """
        model = self._held()
        if owner is model:
            return "model" if hasattr(owner, "named_modules") else _name_of(owner)
        path = self._found.get(id(owner))
        if path is None or _resolve(model, path) is not owner:
            self._walk(model)
            path = self._found.get(id(owner), _name_of(owner))
        return path

    def text_models(self) -> Named:
        """Return the modules that run the decoder layers, as ``live.tree.text_models`` does."""
        return self._current(lambda: self._text_models)

    def configs(self) -> Named:
        """Return the distinct configs, as ``live.tree.named_configs`` does."""
        return self._current(lambda: self._configs)

    def _current(self, paths: Callable[[], Iterable[str]]) -> Named:
        model = self._held()
        if not self._found:
            self._walk(model)
        return [(path, _resolve(model, path)) for path in paths()]

    def _walk(self, model: Any) -> None:
        self.forget()
        if not hasattr(model, "named_modules"):
            return  # a cure at import: it is given a Python module
        live = Snapshot(model)
        self._configs = [path for path, _ in live.configs]
        self._text_models = [path for path, _ in live.text_models]
        self._found = {id(config): path for path, config in live.configs}
        self._found.update((id(module), path) for path, module in named_modules(live))


def _weakly(model: Any) -> Callable[[], Any]:
    try:
        return weakref.ref(model)
    except TypeError:  # a stand-in that takes no weak references
        return lambda: model


def _name_of(owner: Any) -> str:
    """Return the name of a class or a Python module; of anything else, its class name."""
    return str(getattr(owner, "__name__", type(owner).__name__))


def _resolve(model: Any, path: str) -> Any:
    """Return what is at this path now, or ``None``."""
    held = model
    for name in path.split(".")[1:]:
        own = getattr(held, "__dict__", {})
        held = own.get("_modules", {}).get(name, own.get(name))
    return held
