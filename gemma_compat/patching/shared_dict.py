"""Hand layers the keys and values that they share past whoever copies dicts on the way.

From transformers 5.5.2 (Gemma 3n: 5.6.0) to 5.8 the text model makes a plain dict for each forward
and gives it to every layer: a lender writes, a borrower reads. FSDP2 puts a hook before each layer
that rebuilds its inputs, dicts among them, so what a lender writes goes into a copy.

FSDP2 does not rebuild the holder of :mod:`.kv_carrier`, a plain object. It travels beside the
dict, and a pre-hook on each attention, which sits inside the layer and so behind FSDP's hook in
whatever order the two were put on, gives over what it holds in place of the copy.

Under non-reentrant checkpointing, on all releases that pass them beside the cache, the dict itself
is what leaks: it holds the lenders' graph, which holds the checkpoints, which hold the dict as an
argument. A step whose backward pass is skipped is never freed then. Our holder is cut from the
graph at the end of the forward.
"""

from __future__ import annotations

from collections import UserDict
from typing import Any

from ..errors import PatchRefused, PatchTargetMissing
from .kv_carrier import (
    SharedKV,
    add_cut,
    bare_attentions,
    check_arguments_pass,
    is_recomputed,
    open_holder,
    take_holder,
    with_holder,
)
from .non_reentrant import add_non_reentrant, refuse_cured_by_unsloth

_SHARED = "shared_kv_states"
_RETURNED = "return_shared_kv_states"


def add_shared_dict(text_model: Any, ledger: Any) -> None:
    """Hook the text model and its attentions so that all layers of a forward see one dict.

    Raises:
        PatchTargetMissing: its layers do not pass shared keys and values in ``shared_kv_states``.
        PatchNotNeeded: unsloth_zoo carries them.
        PatchRefused: it checkpoints in a way that we cannot make non-reentrant.
    """
    _add(text_model, ledger, make_shared)


def add_freed_dict(text_model: Any, ledger: Any) -> None:
    """Checkpoint without reentry, and have what the layers share cut from the graph at the end.

    Raises as :func:`add_shared_dict`.
    """
    _add(text_model, ledger, make_shared_where_recomputed)


def _add(text_model: Any, ledger: Any, make: Any) -> None:
    import inspect

    attentions = bare_attentions(text_model)
    refuse_cured_by_unsloth(text_model)
    if not any(getattr(item, "is_kv_shared_layer", False) for item in attentions):
        raise PatchTargetMissing("no decoder layer borrows keys and values (is_kv_shared_layer)")
    if _SHARED not in inspect.signature(type(attentions[0]).forward).parameters:
        raise PatchTargetMissing(f"{type(attentions[0]).__name__}.forward takes no {_SHARED}")
    check_arguments_pass(text_model)
    # A copied dict crashes; one that arrives under reentrant checkpointing would be silently wrong.
    add_non_reentrant(text_model, ledger)
    ledger.add_hook(text_model, "forward_pre_hook", make, with_kwargs=True)
    add_cut(text_model, ledger)
    for attention in attentions:
        ledger.add_hook(attention, "forward_pre_hook", give_shared, with_kwargs=True)


def make_shared_where_recomputed(text_model: Any, args: Any, kwargs: Any) -> Any:
    """Forward pre-hook of the text model: make one holder if the backward pass recomputes."""
    return make_shared(text_model, args, kwargs) if is_recomputed(text_model) else None


def make_shared(text_model: Any, args: Any, kwargs: Any) -> tuple[Any, Any] | None:
    """Forward pre-hook of the text model: make one holder for this forward.

    Return ``None`` if the caller passes a dict or wants it back (assisted generation).
    """
    import torch

    if _SHARED in kwargs or kwargs.get(_RETURNED) or take_holder(kwargs)[1] is not None:
        return None
    holder = SharedKV(frozenset(), replaces_cache=False, with_grad=torch.is_grad_enabled())
    if is_recomputed(text_model):
        open_holder(text_model, holder)
    return args, with_holder(kwargs, holder)


def give_shared(attention: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    """Forward pre-hook of an attention: put the dict of this forward in place of its copy."""
    import torch

    kwargs, holder = take_holder(kwargs)
    # A plain dict, or from transformers 5.9 on a UserDict, which FSDP2 does not rebuild.
    if holder is None or not isinstance(kwargs.get(_SHARED), (dict, UserDict)):
        return args, kwargs
    if holder.with_grad and not torch.is_grad_enabled():
        raise PatchRefused(
            "a decoder layer runs without a graph in a forward that has one: reentrant "
            "checkpointing from outside detaches the keys and values that layers share"
        )
    return args, {**kwargs, _SHARED: holder.shared_layers}
