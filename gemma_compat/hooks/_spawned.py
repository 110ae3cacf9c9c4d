"""Processes that a script starts itself: the hook goes along.

A forked child has it. A spawned one starts from nothing, imports the script under another name and
is handed a pickled ``Process``; that one carries our options, and unpickling them installs the
hook there. It is all that is loaded: in the worker of a data loader nothing else is imported.
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
    """The keywords of ``install``; unpickling it calls that.

    Args:
        options: those of the hook in the parent.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options

    def __reduce__(self) -> tuple[Callable[..., Luggage], tuple[dict[str, Any]]]:
        return _unpack, (self.options,)


class ProcessHook:
    """Hands the options to each process that is started, however it is started.

    Args:
        options: gives the keywords for ``install``, at the time when a process starts.
    """

    def __init__(self, options: Callable[[], dict[str, Any]]) -> None:
        self._options = options
        self._wrapped: Wrapped | None = None
        self._removed = False

    def wrap_process_of(self, module: ModuleType) -> None:
        """Wrap ``BaseProcess.start``, which every kind of process inherits; once."""
        if self._wrapped is None and not self._removed:
            self._wrapped = wrap(module.BaseProcess, "start", self._pack, self._drop)

    def remove(self) -> tuple[str, ...]:
        """Give ``start`` back; who wrapped over ours, if anybody did."""
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
