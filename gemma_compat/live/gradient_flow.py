"""Does a reentrant checkpoint from outside keep a gradient from the weights that it encloses?

A reentrant checkpoint differentiates with regard to its inputs. Where none of the tensors that it
is handed needs a gradient, what it encloses is run without a graph, and weights inside get none.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from .checkpoint_wrappers import checkpoints_on
from .tree import TOKEN_MIXERS, enclosed_modules


def cuts_gradients(text_model: Any) -> bool:
    """Return whether trained weights of this text model sit behind such a checkpoint.

    Decides for "no" where the inputs may need a gradient: a foreign hook on the embeddings, or
    trained weights that feed the layers.
    """
    needed = _inputs_need_gradients(text_model)
    for entry in text_model._modules["layers"]._modules.values():
        bare = list(enclosed_modules(entry))[-1]
        attends_to_encoder = "cross_attn" in bare._modules
        cut = []
        if not needed:
            around_layer = _is_reentrant(entry) and not attends_to_encoder
            cut = [bare] if around_layer else list(_cut_attentions(bare))
        if any(_trained(module) for module in cut):
            return True
        needed = needed or attends_to_encoder or _trained(bare)
    return False


def _inputs_need_gradients(text_model: Any) -> bool:
    layers = text_model._modules["layers"]
    feeding = [module for module in text_model._modules.values() if module is not layers]
    if any(map(_trained, feeding)):
        return True
    # transformers' enable_input_require_grads() and PEFT put one there; of another it is not known.
    return bool(text_model._modules["embed_tokens"]._forward_hooks)


def _cut_attentions(layer: Any) -> Iterator[Any]:
    """Yield the attentions of a bare layer in a reentrant checkpoint that is handed text alone."""
    for attention in (layer._modules[name] for name in TOKEN_MIXERS if name in layer._modules):
        bare = list(enclosed_modules(attention))[-1]
        takes = inspect.signature(type(bare).forward).parameters
        if _is_reentrant(attention) and "encoder_hidden_states" not in takes:
            yield bare


def _is_reentrant(module: Any) -> bool:
    held = enclosed_modules(module)
    return any(True in checkpoints_on(one) for one in held)


def _trained(module: Any) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters())
