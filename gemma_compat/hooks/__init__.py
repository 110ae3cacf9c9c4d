"""The hook: patch whatever a script is about to train, without touching the script.

    import gemma_compat
    gemma_compat.install()      # anywhere before the Trainer is made

``install`` imports neither torch nor transformers (Unsloth must be the first to import the
latter). It waits for ``transformers.trainer`` and wraps methods of ``Trainer``; see
``_trainer.py`` for which, and why those.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ._import_hook import PostImportFinder
from ._import_patches import ImportPatches
from ._trainer import TrainerHook

if TYPE_CHECKING:
    from ..patching.apply import AppliedPatches

__all__ = ["applied_to", "install", "uninstall"]

TARGET = "transformers.trainer"

_lock = threading.RLock()
_hook: TrainerHook | None = None
_finder: PostImportFinder | None = None
_patches = ImportPatches()


def install(
    *,
    select: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    unsafe: bool = False,
    preflight: bool = False,
    watch: bool = False,
) -> None:
    """Patch every Gemma that a ``Trainer`` is given from now on; others are left alone.

    A second call only replaces the options, which are those of :func:`gemma_compat.patch`. Rules
    whose cure is at import (``GC901``) are unsafe: name them in ``select``, or pass
    ``unsafe=True``, before whatever fails to import is imported.

    Args:
        select, ignore, unsafe: as for :func:`gemma_compat.patch`.
        preflight: before the first step of each model, try one batch of its own data
            (:func:`gemma_compat.preflight`); ``train()`` raises ``PreflightFailed`` if one fails.
        watch: add memory, tokens per second and the loss scale to the Trainer's log, and warn once
            of NaN, zero gradients, a loss that does not move and a growing peak.

    Raises:
        UsageError: a rule that does not exist.
    """
    global _hook, _finder
    options = _options(select, ignore, unsafe)
    with _lock:
        _patches.arm(options)
        if _hook is not None:
            _hook.options, _hook.preflight, _hook.watch = options, preflight, watch
            return
        _hook = TrainerHook(options)
        _hook.preflight, _hook.watch = preflight, watch
        _finder = PostImportFinder(TARGET, _hook.wrap_trainer_of)
        sys.meta_path.insert(0, _finder)
        hook = _hook
    _wrap_what_is_imported(hook)


def uninstall() -> tuple[str, ...]:
    """Take the hook away and revert what it patched on models that are still alive.

    Returns:
        what could not be put back, in words, also logged as warnings: a method that somebody
        wrapped over (ours, below it, then only passes through), or a slot of a model that
        somebody else holds.
    """
    global _hook, _finder
    with _lock:
        if _hook is None:
            return ()
        hook, finder = _hook, _finder
        _hook = _finder = None
    sys.meta_path[:] = [other for other in sys.meta_path if other is not finder]
    return (*_patches.remove(), *hook.remove())


def applied_to(model: Any) -> AppliedPatches | None:
    """What the hook did to this model, or ``None`` where it did nothing."""
    from ._patched import record_of

    record = record_of(model)
    return record.applied if record else None


def _options(select: Iterable[str] | None, ignore: Iterable[str], unsafe: bool) -> dict[str, Any]:
    """The keywords for ``patch``; names of rules are checked here, not hours later."""
    chosen = None if select is None else _names(select)
    ignored = _names(ignore)
    if chosen or ignored:
        from ..rules import find

        for name in (*(chosen or ()), *ignored):
            find(name)
    return {"select": chosen, "ignore": ignored, "unsafe": unsafe}


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _wrap_what_is_imported(hook: TrainerHook) -> None:
    """Wrap ``Trainer`` at once where its module is there already.

    Where another thread is in the middle of importing it, past our finder, wait for that.
    """
    module = sys.modules.get(TARGET)
    if module is None:
        return
    if getattr(module.__spec__, "_initializing", False):
        from importlib import import_module

        module = import_module(TARGET)
    hook.wrap_trainer_of(module)
