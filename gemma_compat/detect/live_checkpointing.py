"""Is a live model checkpointing right now, and how?

From transformers 4.53 on the flag and the function are read on each decoder layer
(``GradientCheckpointingLayer``), before that on the text model; 5.22 can set it on every n-th
layer only.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ..errors import UnknownFact
from ..live.checkpoint_wrappers import reentrancies
from ..live.gradient_flow import cuts_gradients
from ..live.tree import layer_wrappers

TextModels = list[tuple[str, Any]]


def is_checkpointing(text_models: TextModels) -> bool:
    """Return whether transformers' own checkpointing is on for any decoder layer."""
    _require(text_models)
    return bool(_active(text_models))


def uses_reentrant(text_models: TextModels) -> bool | None:
    """Return ``use_reentrant`` of the checkpoint functions in place; ``None`` where it is off."""
    _require(text_models)
    active = _active(text_models)
    found = {_reentrant(getattr(item, "_gradient_checkpointing_func", None)) for item in active}
    if len(found) > 1:
        raise UnknownFact("model.use_reentrant", "it differs between decoder layers")
    return found.pop() if found else None


def is_wrapped_from_outside(text_models: TextModels) -> bool:
    """Return whether something outside the model recomputes an attention."""
    _require(text_models)
    return any(reentrancies(text_model) for _, text_model in text_models)


def outside_is_reentrant(text_models: TextModels) -> bool | None:
    """Return whether any checkpoint from outside is reentrant; ``None`` where there is none."""
    _require(text_models)
    found = [value for _, text_model in text_models for value in reentrancies(text_model)]
    if not found:
        return None
    if True in found:
        return True
    if None in found:
        reason = "a checkpoint wrapper around the layers has a function that does not say"
        raise UnknownFact("model.external_reentrant", reason)
    return False


def outside_cuts_gradients(text_models: TextModels) -> bool:
    """Return whether a reentrant checkpoint from outside leaves trained weights no gradient."""
    _require(text_models)
    if True not in [value for _, model in text_models for value in reentrancies(model)]:
        return False
    return any(cuts_gradients(text_model) for _, text_model in text_models)


def _active(text_models: TextModels) -> list[Any]:
    """Return the modules whose flag is read and on."""
    active = []
    for _, text_model in text_models:
        layers = [layer_wrappers(layer)[0] for layer in _layers(text_model)]
        read = [layer for layer in layers if hasattr(type(layer), "gradient_checkpointing")]
        for module in read or [text_model]:
            if getattr(module, "gradient_checkpointing", False):
                active.append(module)
    return active


def _layers(text_model: Any) -> list[Any]:
    return list(text_model._modules["layers"]._modules.values())


def _reentrant(function: Any) -> bool:
    """Return the keyword of a checkpoint function; transformers binds it with ``partial``."""
    keywords = function.keywords if isinstance(function, partial) else {}
    value = keywords.get("use_reentrant")
    if value is not None:
        return bool(value)
    inner = function.func if isinstance(function, partial) else function
    if getattr(inner, "__module__", "") == "torch.utils.checkpoint":
        return True  # torch warns where nothing is said, and takes the reentrant one
    name = getattr(inner, "__qualname__", type(inner).__name__)
    raise UnknownFact("model.use_reentrant", f"the checkpoint function {name} does not say")


def _require(text_models: TextModels) -> None:
    if not text_models:
        raise UnknownFact("model", "no module with embed_tokens and decoder layers was found")
