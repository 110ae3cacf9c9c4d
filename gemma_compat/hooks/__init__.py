"""The hook: patch whatever a script is about to train, without touching the script.

    import gemma_compat
    gemma_compat.install()      # anywhere before the Trainer is made

``install`` imports neither torch nor transformers (Unsloth must be the first to import the
latter). It waits for ``transformers.trainer`` and wraps methods of ``Trainer``; ``_trainer.py``
says which, and why. It also wraps ``Accelerator.prepare``, for loops without a Trainer, and
``Process.start``, for processes that the script starts (``_spawned.py``).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ._import_hook import PostImportFinder
from ._import_patches import ImportPatches
from ._preflight import asked_for
from ._spawned import TARGET as PROCESS
from ._spawned import ProcessHook
from ._trainer import TrainerHook

if TYPE_CHECKING:
    from ..patching.apply import AppliedPatches

__all__ = ["applied_to", "install", "uninstall"]

TRAINER = "transformers.trainer"
ACCELERATOR = "accelerate.accelerator"

_lock = threading.RLock()
_hook: TrainerHook | None = None
_processes: ProcessHook | None = None
_finders: list[PostImportFinder] = []
_patches = ImportPatches()


def install(
    *,
    select: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    unsafe: bool = False,
    preflight: bool | Mapping[str, Any] = False,
    watch: bool = False,
) -> None:
    """Patch every Gemma that a ``Trainer`` or ``Accelerator.prepare`` is given from now on.

    Models of other families are not touched. Processes that the script starts get the hook too.
    In a distributed run all ranks stop if one cannot be patched.

    A second call replaces the options. Rules with a cure at import (``GC901``) are unsafe: name
    them in ``select``, or pass ``unsafe=True``, before you import the module that fails.

    Args:
        select, ignore, unsafe: as for :func:`gemma_compat.patch`.
        preflight: before the first step, try one batch (:func:`gemma_compat.preflight`), and
            raise ``PreflightFailed`` if a check fails; or ``dict(skip=[...], go_on=False,
            verbose=False)``.
        watch: add memory (MiB), tokens per second and the loss scale to the Trainer's log, and
            warn once of each sign of a run gone wrong (:mod:`.watch`).

    Raises:
        UsageError: a rule or a check that does not exist.
    """
    global _hook, _processes
    options = _options(select, ignore, unsafe)
    asked = asked_for(preflight)
    with _lock:
        _patches.arm(options)
        if _hook is not None:
            _hook.options, _hook.preflight, _hook.watch = options, asked, watch
            return
        _hook = TrainerHook(options, asked, watch)
        _processes = ProcessHook(_hook.keywords)
        waiting = _wait_for(_hook, _processes)
    for name, action in waiting.items():
        _act_on_what_is_imported(name, action)


def uninstall() -> tuple[str, ...]:
    """Remove the hook and revert its patches on models that are still alive.

    Returns:
        one line for each thing that could not be put back, also logged as a warning: a method that
        other code has wrapped since (our wrapper below it then only passes calls on), or a slot of
        a model that other code has overwritten.
    """
    global _hook, _processes
    with _lock:
        if _hook is None or _processes is None:
            return ()
        hook, processes, finders = _hook, _processes, list(_finders)
        _hook = _processes = None
        _finders.clear()
    sys.meta_path[:] = [other for other in sys.meta_path if other not in finders]
    return (*_patches.remove(), *hook.remove(), *processes.remove())


def applied_to(model: Any) -> AppliedPatches | None:
    """Return what the hook did to this model, or ``None`` if it did nothing."""
    from ._patched import record_of

    record = record_of(model)
    return record.applied if record else None


def _options(select: Iterable[str] | None, ignore: Iterable[str], unsafe: bool) -> dict[str, Any]:
    """Return the keywords for ``patch``; check the rules' names now rather than hours later."""
    chosen = None if select is None else _names(select)
    ignored = _names(ignore)
    if chosen or ignored:
        from ..rules import find

        for name in (*(chosen or ()), *ignored):
            find(name)
    return {"select": chosen, "ignore": ignored, "unsafe": unsafe}


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _wait_for(hook: TrainerHook, processes: ProcessHook) -> dict[str, Callable[[ModuleType], None]]:
    """Register the finders; return the modules that they wait for, with the action for each."""
    actions: dict[str, Callable[[ModuleType], None]] = {
        PROCESS: processes.wrap_process_of,
        ACCELERATOR: hook.wrap_accelerator_of,
        TRAINER: hook.wrap_trainer_of,
    }
    _finders[:] = [PostImportFinder(name, action) for name, action in actions.items()]
    sys.meta_path[:0] = _finders
    return actions


def _act_on_what_is_imported(name: str, action: Callable[[ModuleType], None]) -> None:
    """Run the action at once if the module is imported already.

    If another thread is importing it at this moment, wait until the import is done.
    """
    module = sys.modules.get(name)
    if module is None:
        return
    if getattr(module.__spec__, "_initializing", False):
        from importlib import import_module

        module = import_module(name)
    action(module)
