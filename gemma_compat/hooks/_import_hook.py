"""Do something right after one module has been imported, without causing that import."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class PostImportFinder:
    """A ``sys.meta_path`` entry that finds nothing itself.

    For one module name it lets the other finders find, and wraps the loader that they found.
    For every other name it answers ``None`` at once. ``importlib.reload`` comes by here too.

    Args:
        name: the module waited for.
        action: called with the module when its body has run; not when that raised.
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
        # Another finder that delegates as we do would ask us again, for ever.
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
    """The found loader with one thing added to ``exec_module``; the rest is handed through."""

    def __init__(self, loader: Any, action: Callable[[ModuleType], None]) -> None:
        self.loader = loader
        self.action = action

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the found loader does."""
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
