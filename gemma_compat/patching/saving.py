"""What a patch writes into a config is for the run; what is saved is what was found.

``set_config`` notes the value it found on the model itself (so the note is deep-copied and
pickled with it) and gives the model a ``save_pretrained`` that puts found values back for the
time of saving. Trainer checkpoints, ``push_to_hub`` and merged PEFT models all end there. It
matters twice over: Trainer >= 5 overwrites ``config.use_cache``, and transformers 4 moves a
``use_cache`` that differs from the default into ``generation_config`` when it saves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ._values import MISSING

if TYPE_CHECKING:
    from .ledger import Ledger

FOUND = "_gemma_compat_found"


def remember_found(ledger: Ledger, config: Any, name: str, value: Any) -> None:
    """Note the value that ``config.name`` had before any patch, unless it is noted already."""
    model = ledger.model
    notes = vars(model).get(FOUND, ())
    if not any(held is config and noted == name for held, noted, _ in notes):
        ledger.set_attribute(model, FOUND, (*notes, (config, name, value)))
    if hasattr(type(model), "save_pretrained"):
        ledger.replace_method(model, "save_pretrained", save_pretrained_as_found)


def save_pretrained_as_found(model: Any, *args: Any, **kwargs: Any) -> Any:
    """``save_pretrained`` with every config field as it was before ``gemma_compat.patch``."""
    with as_found(vars(model).get(FOUND, ())):
        return type(model).save_pretrained(model, *args, **kwargs)


@contextmanager
def as_found(notes: tuple[tuple[Any, str, Any], ...]) -> Iterator[None]:
    """Put found values back into the configs, and the running ones on leaving."""
    running = [(config, name, vars(config).get(name, MISSING)) for config, name, _ in notes]
    try:
        _write(notes)
        yield
    finally:
        _write(running)


def _write(values: Any) -> None:
    for config, name, value in values:
        if value is not MISSING:
            setattr(config, name, value)
        elif name in vars(config):
            delattr(config, name)
