"""The checkpoint function of each decoder layer, exchanged for the time of a forward.

``GradientCheckpointingLayer`` reads ``_gradient_checkpointing_func`` when it is called, and
``gradient_checkpointing_enable`` writes it anew, so it is exchanged when the text model starts a
forward and put back when it ends. Two things may come between:

* Ctrl-C: torch does not call the closing hook then. The function that stands in names the one it
  stands in for, so the next forward's end puts it back, or taking off the hooks does.
* Another thread in a forward of the same model: whoever is last puts back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from ._lock import ShortLock

SLOT = "_gradient_checkpointing_func"
_FOUND = "gemma_compat_found"  # on the function that stands in: the one that it stands in for

_lock = ShortLock()
_inside: WeakKeyDictionary[Any, set[int]] = WeakKeyDictionary()  # threads, by text model


def stand_in(found: Callable[..., Any], made: partial[Any]) -> partial[Any]:
    """Return ``made``, marked as standing in for ``found``."""
    setattr(made, _FOUND, original(found))
    return made


def original(function: Any) -> Any:
    """Return the function that this one stands in for; itself where it stands in for none."""
    return getattr(function, _FOUND, function)


def enter(text_model: Any, functions: Iterable[tuple[Any, Callable[..., Any]]]) -> None:
    """Give each layer its function until this thread leaves.

    With none to give the lock is not touched: under ``torch.compile`` it would break the graph.
    """
    functions = list(functions)
    if not functions:
        return
    with _lock:
        _inside.setdefault(text_model, set()).add(threading.get_ident())
        for layer, function in functions:
            setattr(layer, SLOT, function)


def leave(text_model: Any, layers: Iterable[Any]) -> None:
    """Put back what the layers had, unless another thread is in a forward of this model.

    Where no function stands in for another there is nothing to put back, and no need of the lock.
    """
    layers = list(layers)
    if not any(hasattr(getattr(layer, SLOT, None), _FOUND) for layer in layers):
        return
    with _lock:
        inside = _inside.get(text_model, set())
        inside &= {thread.ident for thread in threading.enumerate()}
        inside.discard(threading.get_ident())
        if not inside:
            put_back(text_model, layers)


def put_back(text_model: Any, layers: Iterable[Any]) -> None:
    """Put back what the layers had."""
    with _lock:
        for layer in layers:
            function = vars(layer).get(SLOT)
            if original(function) is not function:
                vars(layer)[SLOT] = original(function)
        _inside.pop(text_model, None)
