"""A live model, walked once: what every reader of one call needs to know about it.

Make one where a call begins and pass it down. It keeps the modules alive and becomes wrong if the
model changes, so it must not outlive the call.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from ..errors import UnknownFact
from .checkpoint_wrappers import reentrancies
from .tree import layer_wrappers, named_configs, text_models, walk
from .unwrap import peft_wrapper, unwrap


class Snapshot:
    """A model and what is found in it. Reads only.

    Args:
        model: a live model, wrapped or not.

    Attributes:
        outer: the model as it was given.
        base: the transformers model inside its wrappers.
        config: the top-level config, or ``None``.
        modules: every module of the base once, in the order of ``named_modules``.
    """

    def __init__(self, model: Any) -> None:
        self.outer = model
        self.base = unwrap(model)
        self.config = getattr(self.base, "config", None)
        self._named: tuple[tuple[str, Any], ...] = tuple(walk(self.base))
        self.modules: tuple[Any, ...] = tuple(module for _, module in self._named)

    def named_modules(self) -> tuple[tuple[str, Any], ...]:
        """Return each module with torch's name for it: ``live.tree`` takes this for a model."""
        return self._named

    @cached_property
    def peft(self) -> Any | None:
        """Return the outermost PEFT model around the base, or ``None``."""
        return peft_wrapper(self.outer)

    @cached_property
    def configs(self) -> tuple[tuple[str, Any], ...]:
        """Return the distinct configs in the model, each with the first path to it."""
        return tuple(named_configs(self))

    @cached_property
    def text_models(self) -> list[tuple[str, Any]]:
        """Return the modules that run decoder layers, with their paths."""
        return text_models(self)

    @cached_property
    def text_config(self) -> Any:
        """Return the config that the first text model reads, or the top-level one."""
        found = self.text_models
        own = getattr(found[0][1], "config", None) if found else None
        return own or getattr(self.config, "text_config", None) or self.config

    @cached_property
    def outside_checkpoints(self) -> tuple[bool | None, ...]:
        """Return ``use_reentrant`` of each checkpoint from outside around an attention."""
        return tuple(value for _, model in self.text_models for value in reentrancies(model))

    @cached_property
    def checkpointing(self) -> tuple[Any, ...]:
        """Return the modules whose flag transformers' own checkpointing reads, where it is on.

        From 4.53 on those are the decoder layers, before that the text model.
        """
        found: list[Any] = []
        for _, text_model in self.text_models:
            layers = [layer_wrappers(layer)[0] for layer in _entries(text_model)]
            read = [layer for layer in layers if hasattr(type(layer), "gradient_checkpointing")]
            asked = read or [text_model]
            found += [held for held in asked if getattr(held, "gradient_checkpointing", False)]
        return tuple(found)

    def first_text_model(self) -> Any:
        """Return the first text model. ``UnknownFact`` where there is none."""
        if not self.text_models:
            raise UnknownFact("model", "no module with embed_tokens and decoder layers was found")
        return self.text_models[0][1]

    def layers(self) -> Iterator[Any]:
        """Yield the bare decoder layers of all text models."""
        self.first_text_model()
        for _, text_model in self.text_models:
            for layer in _entries(text_model):
                yield layer_wrappers(layer)[0]


def _entries(text_model: Any) -> list[Any]:
    return list(text_model._modules["layers"]._modules.values())
