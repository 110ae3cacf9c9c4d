"""Is a live model checkpointing right now, and how?

transformers 5.22 can set it on every n-th layer only.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ..errors import UnknownFact
from ..live.gradient_flow import cuts_gradients
from ..live.snapshot import Snapshot


def is_checkpointing(live: Snapshot) -> bool:
    """Return whether transformers' own checkpointing is on for any decoder layer."""
    live.first_text_model()
    return bool(live.checkpointing)


def uses_reentrant(live: Snapshot) -> bool | None:
    """Return ``use_reentrant`` of the checkpoint functions in place; ``None`` where it is off."""
    live.first_text_model()
    functions = (getattr(m, "_gradient_checkpointing_func", None) for m in live.checkpointing)
    found = {_reentrant(function) for function in functions}
    if len(found) > 1:
        raise UnknownFact("model.use_reentrant", "it differs between decoder layers")
    return found.pop() if found else None


def is_wrapped_from_outside(live: Snapshot) -> bool:
    """Return whether something outside the model recomputes an attention."""
    live.first_text_model()
    return bool(live.outside_checkpoints)


def outside_is_reentrant(live: Snapshot) -> bool | None:
    """Return whether any checkpoint from outside is reentrant; ``None`` where there is none."""
    live.first_text_model()
    found = live.outside_checkpoints
    if not found:
        return None
    if True in found:
        return True
    if None in found:
        reason = "a checkpoint wrapper around the layers has a function that does not say"
        raise UnknownFact("model.external_reentrant", reason)
    return False


def outside_cuts_gradients(live: Snapshot) -> bool:
    """Return whether a reentrant checkpoint from outside leaves trained weights no gradient."""
    live.first_text_model()
    if True not in live.outside_checkpoints:
        return False
    return any(cuts_gradients(text_model) for _, text_model in live.text_models)


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
