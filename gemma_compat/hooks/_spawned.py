"""Take the hook along into processes that a script starts.

A forked child has the hook. A spawned one starts from nothing, imports the script under another
name and receives a pickled ``Process``. That object carries our options, and unpickling them
installs the hook there. Nothing else is loaded, so the worker of a data loader stays light.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from ._patched import logger
from ._wrapped import Wrapped, wrap

TARGET = "multiprocessing.process"
_SLOT = "_gemma_compat_hook"


class Luggage:
    """The keywords of ``install``. Unpickling it calls ``install``.

    Args:
        options: those of the hook in the parent.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options

    def __reduce__(self) -> tuple[Callable[..., Luggage], tuple[dict[str, Any]]]:
        return _unpack, (self.options,)


class ProcessHook:
    """Attach the options to each process that is started, however it is started.

    Args:
        options: returns the keywords for ``install`` at the time when a process starts.
    """

    def __init__(self, options: Callable[[], dict[str, Any]]) -> None:
        self._options = options
        self._wrapped: Wrapped | None = None
        self._removed = False

    def wrap_process_of(self, module: ModuleType) -> None:
        """Wrap ``BaseProcess.start``, which every kind of process inherits; only once."""
        if self._wrapped is None and not self._removed:
            self._wrapped = wrap(module.BaseProcess, "start", self._pack, self._drop)

    def remove(self) -> tuple[str, ...]:
        """Restore ``start``; return one line if other code has wrapped it since."""
        self._removed = True
        problem = self._wrapped.remove() if self._wrapped else None
        if problem is None:
            return ()
        logger.warning("gemma_compat: %s", problem)
        return (problem,)

    def _pack(self, process: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        setattr(process, _SLOT, Luggage(self._options()))

    def _drop(self, process: Any, result: Any) -> None:
        vars(process).pop(_SLOT, None)


def _unpack(options: dict[str, Any]) -> Luggage:
    from . import install

    install(**options)
    return Luggage(options)
