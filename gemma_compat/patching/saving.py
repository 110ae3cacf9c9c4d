"""What a patch writes into a config is for the run; what is saved is what was found.

``Ledger.set_config`` notes the value it found in the model's own ``__dict__`` (so the note is
deep-copied and pickled with the model) and gives the model a ``save_pretrained`` that puts found
values back for the time of saving. Trainer checkpoints, ``push_to_hub`` and merged PEFT models
all end there. It matters twice over: Trainer >= 5 writes ``config.use_cache = False`` into every
checkpoint by itself, and a model that is loaded from such a config without a
``generation_config.json`` beside it generates without a cache.

``generate`` is given the same treatment by ``cache_switch``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from ._values import MISSING

if TYPE_CHECKING:
    from .ledger import Ledger

FOUND = "_gemma_compat_found_"


@dataclass(eq=False)
class FoundValues:
    """The config fields that one rule wrote, as they were: ``(config, name, value)`` each."""

    values: list[tuple[Any, str, Any]] = field(default_factory=list)


def remember_found(ledger: Ledger, config: Any, name: str) -> None:
    """Note ``config.name`` as it is now, unless it is noted already, for every later save.

    Call it before the field is written, or alone where somebody else is going to write it.
    """
    model = ledger.model
    if not any(held is config and noted == name for held, noted, _ in found_values(model)):
        slot = FOUND + ledger.code
        if slot not in vars(model):
            ledger.set_attribute(model, slot, FoundValues())
        vars(model)[slot].values.append((config, name, vars(config).get(name, MISSING)))
    wrap_method(ledger, "save_pretrained", call_as_found)


def wrap_method(ledger: Ledger, name: str, function: Callable[..., Any]) -> None:
    """Give the model ``function(model, name, before, ...)`` for its method ``name``, if it has one.

    ``before`` is the entry that the instance itself had (Unsloth puts its own there), or ``None``.
    """
    model = ledger.model
    current = vars(model).get(name)
    ours = isinstance(current, partial) and current.func is function
    if not ours and hasattr(type(model), name):
        ledger.set_attribute(model, name, partial(function, model, name, current))


def call_as_found(model: Any, name: str, before: Any, *args: Any, **kwargs: Any) -> Any:
    """The model's method ``name`` with every config field as it was before ``patch``."""
    method = before if before is not None else partial(getattr(type(model), name), model)
    with as_found(model):
        return method(*args, **kwargs)


def found_values(model: Any) -> list[tuple[Any, str, Any]]:
    """What all rules noted on this model, oldest first."""
    notes = [value for key, value in vars(model).items() if key.startswith(FOUND)]
    return [item for note in notes for item in note.values]


@contextmanager
def as_found(model: Any) -> Iterator[None]:
    """Put found values back into the configs, and the running ones on leaving."""
    found = found_values(model)
    running = [(config, name, vars(config).get(name, MISSING)) for config, name, _ in found]
    try:
        _write(found)
        yield
    finally:
        _write(running)


def _write(values: list[tuple[Any, str, Any]]) -> None:
    # Past the config's own ``__setattr__``: what was there needs no validation, and no renaming.
    for config, name, value in values:
        if value is MISSING:
            vars(config).pop(name, None)
        else:
            vars(config)[name] = value
