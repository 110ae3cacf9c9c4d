"""Rows whose mask leaves nothing to attend to (left padding), under SDPA; and FlashAttention."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

import torch

from . import shapes
from .options import Options, Record, attempt

_DTYPES = (torch.float16, torch.bfloat16, torch.float32)
_HEADS, _TOKENS, _PADDED = 4, 64, 16
_LEFT = 6  # padded tokens in the model's batch


def measure(options: Options) -> Iterator[Record]:
    """Kernels by themselves, then models, then FlashAttention's head dimensions."""
    for head_dim in (256, 512):
        for dtype in _DTYPES:
            for kind in ("bool", "smallest", "-inf"):
                for backend in (None, "EFFICIENT_ATTENTION", "CUDNN_ATTENTION", "MATH"):
                    yield _kernel(options, head_dim, dtype, kind, backend)
    for model_type in shapes.SHAPES:
        for dtype in _DTYPES:
            for attention in ("sdpa", "eager"):
                yield _model(options, model_type, dtype, attention)
    yield _flash(options)


def _kernel(options: Options, head_dim: int, dtype: Any, kind: str, backend: str | None) -> Record:
    record = {
        "what": "kernel",
        "head_dim": head_dim,
        "dtype": str(dtype).removeprefix("torch."),
        "mask": kind,
        "backend": backend or "default",
    }
    return attempt(record, lambda: _attend(options, head_dim, dtype, kind, backend))


def _attend(options: Options, head_dim: int, dtype: Any, kind: str, backend: str | None) -> Record:
    """Forward and backward through ``scaled_dot_product_attention``."""
    from contextlib import nullcontext

    from torch.nn.attention import SDPBackend, sdpa_kernel

    generator = torch.Generator().manual_seed(0)
    shape = (2, _HEADS, _TOKENS, head_dim)
    q, k, v = (
        torch.randn(shape, generator=generator).to(options.device, dtype).requires_grad_()
        for _ in range(3)
    )
    chosen = sdpa_kernel([getattr(SDPBackend, backend)]) if backend else nullcontext()
    with chosen:
        attend = torch.nn.functional.scaled_dot_product_attention
        output = attend(q, k, v, attn_mask=_mask(kind, dtype, options.device))
        output.float().nan_to_num().sum().backward()
    padded = output[0, :, :_PADDED]
    return {
        "padded_rows_finite": shapes.is_finite([padded]),
        "other_rows_finite": shapes.is_finite([output[0, :, _PADDED:], output[1]]),
        "gradients_finite": shapes.is_finite([q.grad, k.grad, v.grad]),
    }


def _mask(kind: str, dtype: Any, device: str) -> Any:
    """``(2, 1, tokens, tokens)``, causal; the first rows of the first sample see nothing."""
    seen = torch.ones(_TOKENS, _TOKENS, dtype=torch.bool, device=device).tril()
    seen = seen.expand(2, 1, -1, -1).clone()
    seen[0, :, :, :_PADDED] = False
    if kind == "bool":
        return seen
    lowest = float("-inf") if kind == "-inf" else torch.finfo(dtype).min
    return torch.zeros(seen.shape, dtype=dtype, device=device).masked_fill(~seen, lowest)


def _model(options: Options, model_type: str, dtype: Any, attention: str) -> Record:
    record = {
        "what": "model",
        "model_type": model_type,
        "dtype": str(dtype).removeprefix("torch."),
        "attention": attention,
    }
    return attempt(record, lambda: _train(options, model_type, dtype, attention))


def _train(options: Options, model_type: str, dtype: Any, attention: str) -> Record:
    """One step of a tiny model of the tests, its head dimensions as in the real ones."""
    from tests import tiny

    wide = {} if options.tiny else {"head_dim": 256}
    if wide and model_type == "gemma4_text":
        wide["global_head_dim"] = 512
    model = tiny.build(model_type, dtype, attention, **wide).to(options.device).train()
    made = tiny.pad_left(tiny.batch(model_type), _LEFT)
    output = model(**{name: tensor.to(options.device) for name, tensor in made.items()})
    output.loss.backward()
    return {
        "loss_finite": shapes.is_finite([output.loss]),
        "logits_finite": shapes.is_finite([output.logits]),
        "gradients_finite": shapes.is_finite(shapes.gradients(model)),
    }


def _flash(options: Options) -> Record:
    """Which head dimensions it takes, forward and backward."""
    if find_spec("flash_attn") is None:
        return {"what": "flash-attn", "note": "not installed"}
    found = {str(size): attempt({}, partial(_flash_step, options, size)) for size in (256, 512)}
    return {"what": "flash-attn", "head_dims": found}


def _flash_step(options: Options, head_dim: int) -> Record:
    from flash_attn import flash_attn_func

    shape = (1, _TOKENS, _HEADS, head_dim)
    made = [
        torch.randn(shape, device=options.device, dtype=torch.bfloat16, requires_grad=True)
        for _ in range(3)
    ]
    flash_attn_func(*made, causal=True).sum().backward()
    return {"gradients_finite": shapes.is_finite([item.grad for item in made])}
