"""Run an action right after one module was imported, without causing that import."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class PostImportFinder:
    """A ``sys.meta_path`` entry that finds no module itself.

    For one module name it asks the other finders and wraps the loader that they return. For every
    other name it returns ``None`` at once. ``importlib.reload`` goes through it too.

    Args:
        name: the module to wait for.
        action: called with the module after its body ran without an error.
    """

    def __init__(self, name: str, action: Callable[[ModuleType], None]) -> None:
        self.name = name
        self.action = action
        self._asking = threading.local()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of the other finders, its loader wrapped; ``None`` for any other
        module.
        """
        # Another finder that delegates as this one does would ask it again, endlessly.
        if fullname != self.name or getattr(self._asking, "now", False):
            return None
        self._asking.now = True
        try:
            spec = self._ask_the_others(fullname, path, target)
        finally:
            self._asking.now = False
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = PostImportLoader(spec.loader, self.action)  # type: ignore[assignment]
        return spec

    def _ask_the_others(self, *question: Any) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(*question)
                if spec is not None:
                    return spec
        return None


class PostImportLoader:
    """The found loader with one step added to ``exec_module``; the rest is delegated."""

    def __init__(self, loader: Any, action: Callable[[ModuleType], None]) -> None:
        self.loader = loader
        self.action = action

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Delegate to the found loader."""
        module: ModuleType | None = self.loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's body, then the action. The module keeps the found loader."""
        module.__loader__ = self.loader
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        self.action(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)
