"""Non-reentrant checkpointing for the decoder layers, for the time of each forward.

Layers that share keys and values pass tensors to each other past the checkpoint's inputs and
outputs. Reentrant checkpointing runs each layer without a graph at first, so what is lent is
detached: the loss is right, the gradients of the lending layers are wrong. Non-reentrant
checkpointing keeps the graph.

The layers' checkpoint function is swapped when the text model starts a forward and put back when
it ends, so nothing stays changed, and checkpointing that is turned on after the patch is covered.
The recomputation in the backward pass does not look at the layers' function again: the function
that it runs brings the attention's hooks with it, so that a patch that is taken off between forward
and backward does not change what is recomputed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..errors import CannotBeCured, PatchNotNeeded, PatchRefused, PatchTargetMissing
from ..live.checkpoint_wrappers import is_torchs, reentrancies
from ..live.tree import layer_wrappers
from ..live.upstream import carries_shared_kv
from . import checkpoint_functions
from ._slots import HookSlot


def add_non_reentrant(text_model: Any, ledger: Any) -> None:
    """Hook the text model so that each forward checkpoints its layers without reentry.

    Raises:
        PatchTargetMissing: the layers do not hold a checkpoint function.
        PatchRefused: checkpointing is on already, by a function that is not torch's.
    """
    if not all(hasattr(layer, "gradient_checkpointing") for layer in decoder_layers(text_model)):
        raise PatchTargetMissing("the decoder layers have no gradient_checkpointing switch")
    _non_reentrant_functions(text_model)  # refuse now rather than at the first step
    ledger.add_hook(text_model, "forward_pre_hook", force_non_reentrant)
    ledger.add_hook(
        text_model, "forward_hook", restore_functions, always_call=True, undo=put_back_functions
    )


def force_non_reentrant(text_model: Any, args: Any) -> None:
    """Forward pre-hook: swap the function of every layer that is about to be checkpointed."""
    checkpoint_functions.enter(text_model, _non_reentrant_functions(text_model))


def restore_functions(text_model: Any, args: Any, output: Any) -> None:
    """Forward hook, also after an exception: put back the layers' checkpoint functions."""
    checkpoint_functions.leave(text_model, decoder_layers(text_model))


def put_back_functions(text_model: Any) -> None:
    """Put back what the layers had, whatever a forward that was interrupted left."""
    checkpoint_functions.put_back(text_model, decoder_layers(text_model))


def decoder_layers(text_model: Any) -> list[Any]:
    """Return the bare decoder layers, out of any wrapper."""
    return [layer_wrappers(layer)[0] for layer in text_model.layers]


def is_checkpointed(layer: Any) -> bool:
    """Return whether this bare layer checkpoints itself in the next forward."""
    return bool(layer.training and layer.gradient_checkpointing)


def refuse_reentrant_wrappers(text_model: Any) -> None:
    """Raise ``CannotBeCured`` where a layer is recomputed with reentry from outside.

    Leave alone what a wrapper calls: the code that put it there relies on it.
    """
    import torch

    if torch.is_grad_enabled() and True in reentrancies(text_model):
        raise CannotBeCured(
            "the decoder layers are wrapped in reentrant checkpointing, which detaches the keys "
            "and values they share; wrap them with CheckpointImpl.NO_REENTRANT"
        )


def refuse_cured_by_unsloth(text_model: Any) -> None:
    """Raise ``PatchNotNeeded`` where unsloth_zoo has put its own cure on these classes."""
    if carries_shared_kv(text_model):
        raise PatchNotNeeded("unsloth_zoo carries the shared keys and values here already")


def _non_reentrant_functions(text_model: Any) -> list[tuple[Any, Callable[..., Any]]]:
    """Return each layer about to be checkpointed, with the function it needs. All are looked at
    first.
    """
    refuse_reentrant_wrappers(text_model)
    layers = [layer for layer in decoder_layers(text_model) if is_checkpointed(layer)]
    return [(layer, _non_reentrant(layer)) for layer in layers]


def _non_reentrant(layer: Any) -> Callable[..., Any]:
    """Return the layer's checkpoint function with ``use_reentrant=False``.

    Raises ``PatchRefused`` for a function that may do as it likes with the keyword, as
    Unsloth's does.
    """
    import torch

    function = getattr(layer, checkpoint_functions.SLOT)
    bound: partial[Any] = function if isinstance(function, partial) else partial(function)
    if bound.func in (run_plainly, checkpoint_with_hooks):
        return bound
    if not is_torchs(bound.func):
        raise PatchRefused(
            f"the decoder layers are checkpointed by {_name(bound.func)}, which is not torch's "
            "function: whether it keeps the gradients of shared keys and values is not known"
        )
    keywords = {**bound.keywords, "use_reentrant": False}
    made = partial(bound.func, *bound.args, **keywords)
    if not torch.compiler.is_compiling():
        made = partial(checkpoint_with_hooks, made, layer_wrappers(layer.self_attn)[0])
    return checkpoint_functions.stand_in(function, made)


def checkpoint_with_hooks(
    checkpoint: Callable[..., Any], attention: Any, function: Callable[..., Any], *args: Any
) -> Any:
    """Checkpoint ``function``, to be run again with the hooks that the attention has now."""
    hooks = [hook for hook in attention._forward_pre_hooks.values() if _is_ours(hook)]
    return checkpoint(partial(_run_with_hooks, attention, hooks, function), *args)


def _run_with_hooks(
    attention: Any, hooks: list[Any], function: Callable[..., Any], *args: Any
) -> Any:
    options = {"with_kwargs": True, "prepend": True}
    gone = [hook for hook in hooks if hook not in attention._forward_pre_hooks.values()]
    slots = [HookSlot(attention, "forward_pre_hook", hook, options, None) for hook in gone]
    try:
        for slot in slots:
            slot.write()
        return function(*args)
    finally:
        for slot in slots:
            slot.restore()


def _is_ours(hook: Any) -> bool:
    return str(getattr(hook, "__module__", "")).startswith(__package__)


def run_plainly(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Replace a checkpoint function on a layer that is not to be checkpointed: call
    ``function``.
    """
    return function(*args, **kwargs)


def _name(function: Any) -> str:
    module = getattr(function, "__module__", type(function).__module__)
    return f"{module}.{getattr(function, '__qualname__', type(function).__name__)}"
