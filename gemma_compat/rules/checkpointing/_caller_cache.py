"""A cache that the caller passes to a text model whose layers are checkpointed."""

from __future__ import annotations

from typing import Any

from ...errors import PatchTargetMissing


def add_pre_hook(model: Any, ledger: Any, hook: Any) -> None:
    """Put ``hook`` before the forward of the text model. Raises ``PatchTargetMissing``."""
    found = ledger.text_models()
    if not found:
        raise PatchTargetMissing("no module with embed_tokens and decoder layers")
    for _, text_model in found:
        ledger.add_hook(text_model, "forward_pre_hook", hook, with_kwargs=True)


def is_checkpointed(text_model: Any) -> bool:
    """Return whether this forward recomputes its layers: in training, with checkpointing
    enabled.
    """
    modules = (text_model, *text_model.layers)
    enabled = any(getattr(module, "gradient_checkpointing", False) for module in modules)
    return bool(text_model.training and enabled)


def is_filled(cache: Any) -> bool:
    """Return whether the cache holds tokens already."""
    return cache is not None and int(cache.get_seq_length()) > 0


def grows(cache: Any) -> bool:
    """Return whether it appends: a ``DynamicCache``, unlike one that writes to preallocated
    places.
    """
    return any(cls.__name__ == "DynamicCache" for cls in type(cache).__mro__)
