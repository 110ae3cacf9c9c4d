"""Checkpoint every n-th decoder layer only: between none, which is fast, and all, which is small.

transformers checkpoints by a function on each layer, which ``gradient_checkpointing_enable`` puts
everywhere. A hook gives the layers between one that runs them plainly, for the time of each
forward, so it works for checkpointing that is enabled later, too, and gradients stay what they
were.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import PatchTargetMissing, UsageError
from ..live.tree import text_models
from . import checkpoint_functions
from .non_reentrant import decoder_layers, is_checkpointed, put_back_functions, run_plainly

if TYPE_CHECKING:
    from .ledger import Ledger

CODE = "checkpoint_every"
_EVERY = "_gemma_compat_checkpoint_every"


def checkpoint_every_nth(model: Any, ledger: Ledger, every: int) -> None:
    """Hook each text model of ``model`` so that layers 0, n, 2n, ... are checkpointed.

    Raises:
        UsageError: ``every`` is not a whole number of at least 1.
        PatchTargetMissing: the layers have no switch (transformers before 4.53).
    """
    if isinstance(every, bool) or not isinstance(every, int) or every < 1:
        raise UsageError(f"checkpoint_every must be a whole number, one or more, not {every!r}")
    found = [text_model for _, text_model in text_models(model)]
    layers = [layer for text_model in found for layer in decoder_layers(text_model)]
    if not layers or not all(hasattr(layer, "gradient_checkpointing") for layer in layers):
        raise PatchTargetMissing(
            "checkpoint_every: the decoder layers have no gradient_checkpointing switch"
        )
    for text_model in found:
        ledger.set_attribute(text_model, _EVERY, every)
        ledger.add_hook(text_model, "forward_pre_hook", switch_off_between)
        ledger.add_hook(
            text_model, "forward_hook", switch_on_again, always_call=True, undo=put_back_functions
        )


def switch_off_between(text_model: Any, args: Any) -> None:
    """Forward pre-hook: run the layers between without checkpointing in this forward."""
    every = vars(text_model).get(_EVERY, 1)
    between = [
        layer
        for index, layer in enumerate(decoder_layers(text_model))
        if index % every and is_checkpointed(layer)
    ]
    checkpoint_functions.enter(text_model, [(layer, _plain(layer)) for layer in between])


def _plain(layer: Any) -> partial[Any]:
    found = getattr(layer, checkpoint_functions.SLOT)
    return checkpoint_functions.stand_in(found, partial(run_plainly))


def switch_on_again(text_model: Any, args: Any, output: Any) -> None:
    """Forward hook, also after an exception: put the layers' checkpoint functions back."""
    checkpoint_functions.leave(text_model, decoder_layers(text_model))
