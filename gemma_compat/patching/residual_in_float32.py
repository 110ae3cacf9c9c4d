"""Keep the residual stream of Gemma 3's decoder layers in float32 while the rest stays half.

Every weight keeps its dtype: only what flows between the layers changes. The sum is float32, the
norms after attention and MLP compute and return float32, and what enters attention, MLP and
the head is cast back to the dtype of their weights. Where those are float32 (autocast) the casts
do nothing, and the norms no longer round to the half dtype that a linear layer gave them.

A norm casts its result to the dtype of its input, so a hook that widens the input is enough.
"""

from __future__ import annotations

from typing import Any

from ..errors import PatchNotNeeded, PatchRefused, PatchTargetMissing
from .non_reentrant import decoder_layers

_WIDENED = ("post_attention_layernorm", "post_feedforward_layernorm")
_NARROWED = ("self_attn", "mlp")
_PARTS = {*_WIDENED, *_NARROWED, "input_layernorm", "pre_feedforward_layernorm"}


def keep_residual_in_float32(text_model: Any, ledger: Any) -> None:
    """Hook every layer and the last norm.

    Raises:
        PatchTargetMissing: the layers add more to the residual stream than attention and MLP.
        PatchNotNeeded: the embeddings are in a dtype that does not overflow (bfloat16).
        PatchRefused: the last norm and the embeddings differ in dtype, so it is not known what
            the head expects.
    """
    layers = decoder_layers(text_model)
    if any(set(layer._modules) != _PARTS for layer in layers):
        raise PatchTargetMissing("the decoder layers are not those of a Gemma 3")
    _check_dtypes(text_model)
    for layer in layers:
        ledger.add_hook(layer, "forward_pre_hook", widen_input, with_kwargs=True)
        for name in _NARROWED:
            module = layer._modules[name]
            ledger.add_hook(module, "forward_pre_hook", narrow_input, with_kwargs=True)
        for name in _WIDENED:
            module = layer._modules[name]
            ledger.add_hook(module, "forward_pre_hook", widen_input, with_kwargs=True)
    ledger.add_hook(text_model.norm, "forward_hook", narrow_output)


def _check_dtypes(text_model: Any) -> None:
    import torch

    embeddings, norm = text_model.embed_tokens.weight.dtype, text_model.norm.weight.dtype
    if embeddings not in (torch.float16, torch.float32):
        raise PatchNotNeeded(f"the embeddings are {embeddings}, which does not overflow")
    if embeddings != norm:
        raise PatchRefused(f"the embeddings are {embeddings} and the last norm is {norm}")


def widen_input(module: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    """Forward pre-hook: cast the hidden states to float32."""
    import torch

    return _cast_first(args, kwargs, torch.float32)


def narrow_input(module: Any, args: Any, kwargs: Any) -> tuple[Any, Any] | None:
    """Forward pre-hook: cast the hidden states to the dtype of the module's weights."""
    dtype = _working_dtype(module)
    return None if dtype is None else _cast_first(args, kwargs, dtype)


def narrow_output(norm: Any, args: Any, output: Any) -> Any:
    """Forward hook: cast the output to the dtype that the head expects."""
    return output.to(norm.weight.dtype)


def _cast_first(args: Any, kwargs: Any, dtype: Any) -> tuple[Any, Any]:
    """Return the hidden states: the first argument, by position or by name."""
    if args:
        return (args[0].to(dtype), *args[1:]), kwargs
    return args, {**kwargs, "hidden_states": kwargs["hidden_states"].to(dtype)}


def _working_dtype(module: Any) -> Any:
    """Return the dtype of the first weight neither packed nor an adapter's, or ``None``."""
    for name, weight in module.named_parameters():
        if "lora_" not in name and weight.dtype.is_floating_point and weight.dtype.itemsize > 1:
            return weight.dtype
    return None
