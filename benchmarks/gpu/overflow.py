"""float16 in Gemma 3's residual stream: activations beyond 65504, and what cures them.

Real Gemma 3 weights have norms that write thousands into the residual stream. Here the same is
manufactured: each layer's norm after the feed-forward adds some 20000 to every channel, so the
stream passes 65504 after a few layers, while float32 and bfloat16 hold it easily.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch

from gemma_compat.rules import find

from . import shapes
from .options import Options, Record, attempt

_SCALE = 20000.0
_LAYERS = 8
_CURE = "GC401"


def measure(options: Options) -> Iterator[Record]:
    """One record for each dtype, then one for float16 under its cure."""
    truth = _build(options, torch.float32)
    expected = _step(truth, options)["logits"]
    del truth
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        yield attempt({"dtype": _name(dtype)}, partial(_unpatched, options, dtype, expected))
    cure = find(_CURE)
    yield attempt(
        {"patch": cure.code, "name": cure.name}, partial(_patched, options, cure, expected)
    )


def _build(options: Options, dtype: Any) -> Any:
    """A Gemma 3 of the 1B shape, eight layers deep, with the norms blown up."""
    layers = 6 if options.tiny else _LAYERS
    changes = {} if options.tiny else {"vocab_size": 32768}
    model = shapes.build("gemma3_text", options, torch.float32, num_hidden_layers=layers, **changes)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "post_feedforward_layernorm" in name:
                parameter.fill_(_SCALE)
    return model.to(dtype)


def _step(model: Any, options: Options) -> Record:
    """Loss, logits, whether the gradients are finite, and the largest activation."""
    largest: list[float] = []
    hooks = [
        layer.register_forward_hook(lambda module, args, output: largest.append(_largest(output)))
        for layer in model.model.layers
    ]
    try:
        output = model(**shapes.batch(model, options), use_cache=False)
        output.loss.backward()
    finally:
        for hook in hooks:
            hook.remove()
    return {
        "loss": output.loss.item(),
        "logits": output.logits.detach().float(),
        "gradients_finite": shapes.is_finite(shapes.gradients(model)),
        "largest_activation": max(largest),
    }


def _largest(output: Any) -> float:
    hidden = output[0] if isinstance(output, tuple) else output
    return float(hidden.detach().float().abs().nan_to_num(nan=float("inf")).max())


def _unpatched(options: Options, dtype: Any, expected: Any) -> Record:
    return _report(_step(_build(options, dtype), options), expected)


def _patched(options: Options, rule: Any, expected: Any) -> Record:
    """The float16 model under this patch, whatever the rule thinks of this GPU."""
    from gemma_compat.patching.ledger import Ledger

    model = _build(options, torch.float16)
    with Ledger(rule.code, model) as ledger:
        rule.patch(model, ledger)
    return _report(_step(model, options), expected)


def _report(step: Record, expected: Any) -> Record:
    logits = step["logits"]
    finite = bool(torch.isfinite(logits).all())
    similarity = torch.nn.functional.cosine_similarity
    same = similarity(logits.flatten(), expected.flatten(), dim=0).item() if finite else None
    return {
        "loss": step["loss"],
        "logits_finite": finite,
        "gradients_finite": step["gradients_finite"],
        "largest_activation": step["largest_activation"],
        "cosine_with_float32": same,
        "largest_difference": (logits - expected).abs().max().item() if finite else None,
    }


def _name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")
