"""What a run writes into a config is for the run; what is saved is what was found.

No cure writes to a config that is saved. But a Trainer does: from transformers 5 on every one
writes ``model.config.use_cache = False``, and so into every checkpoint. A model that is loaded
from such a config without a ``generation_config.json`` beside it generates without a cache.

``remember_found`` notes the value in the model's own ``__dict__`` (so the note is deep-copied and
pickled with the model) and gives the model a ``save_pretrained`` that puts found values back for
the time of saving. Trainer checkpoints, ``push_to_hub`` and merged PEFT models all end there.
Saves may overlap in threads: the first one in puts back, the last one out undoes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from ._lock import ShortLock
from ._values import MISSING
from ._weak import WeakMethod

if TYPE_CHECKING:
    from .ledger import Ledger

FOUND = "_gemma_compat_found_"

_lock = ShortLock()
# For each config field that a save is writing: how many saves, the config, the running value.
_saving: dict[tuple[int, str], tuple[int, Any, Any]] = {}


class FoundValues:
    """The config fields that one rule noted, as they were: ``(config, name, value)`` each."""

    def __init__(self, values: list[tuple[Any, str, Any]]) -> None:
        self.values = values


def remember_found(ledger: Ledger, fields: list[tuple[Any, str]]) -> None:
    """Note these config fields as they are now, unless they are noted, for every later save.

    Args:
        ledger: of the rule that asks.
        fields: ``(config, name)`` each.
    """
    model = ledger.model
    noted = {(id(config), name) for config, name, _ in found_values(model)}
    values = [
        (config, name, vars(config).get(name, MISSING))
        for config, name in fields
        if (id(config), name) not in noted
    ]
    if values:
        slot = FOUND + ledger.code
        before = vars(model)[slot].values if slot in vars(model) else []
        ledger.set_attribute(model, slot, FoundValues([*before, *values]))
    wrap_method(ledger, "save_pretrained", call_as_found)


def wrap_method(ledger: Ledger, name: str, function: Callable[..., Any]) -> None:
    """Give the model ``function(model, name, before, ...)`` for its method ``name``, if it has one.

    ``before`` is the entry that the instance itself had (Unsloth puts its own there), or ``None``.
    """
    model = ledger.model
    current = vars(model).get(name)
    if getattr(current, "func", None) is not function and hasattr(type(model), name):
        ledger.set_attribute(model, name, WeakMethod(function, model, name, current))


def call_as_found(model: Any, name: str, before: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the model's method ``name`` with every noted config field as it was found."""
    method = before if before is not None else partial(getattr(type(model), name), model)
    with as_found(model):
        return method(*args, **kwargs)


def found_values(model: Any) -> list[tuple[Any, str, Any]]:
    """Return what all rules noted on this model, oldest first."""
    notes = [value for key, value in vars(model).items() if key.startswith(FOUND)]
    return [item for note in notes for item in note.values]


@contextmanager
def as_found(model: Any) -> Iterator[None]:
    """Put found values back into the configs, and the running ones on leaving."""
    found = found_values(model)
    entered: list[tuple[Any, str]] = []
    try:
        for config, name, value in found:
            entered.append((config, name))
            _enter(config, name, value)
        yield
    finally:
        for config, name in reversed(entered):  # two configs may be views of one
            _leave(config, name)


def _enter(config: Any, name: str, value: Any) -> None:
    with _lock:
        saves, _, running = _saving.get((id(config), name), (0, config, None))
        if not saves:
            running = vars(config).get(name, MISSING)
        _saving[id(config), name] = saves + 1, config, running
        _put(config, name, value)


def _leave(config: Any, name: str) -> None:
    with _lock:
        saves, _, running = _saving.get((id(config), name), (0, config, None))
        if saves > 1:
            _saving[id(config), name] = saves - 1, config, running
        elif saves:
            _put(config, name, running)
            del _saving[id(config), name]


def _put(config: Any, name: str, value: Any) -> None:
    # Past the config's own ``__setattr__``: what was there needs no validation, and no renaming.
    if value is MISSING:
        vars(config).pop(name, None)
    else:
        vars(config)[name] = value
