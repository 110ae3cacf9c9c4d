"""One forward and backward of a model whose residual stream passes 65504: its norms are raised.

The overflow is manufactured: it shows what float16 does with such a stream, and not that a
published checkpoint has one.
"""

from __future__ import annotations

import math
from typing import Any

import torch

import gemma_compat
from gemma_compat.facts import TrainingFacts
from gemma_compat.live.tree import text_models
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma3_text", "gemma3")
HALF, AUTOCAST = "float16 weights", "fp16 autocast over float32 weights"
BFLOAT, AUTOCAST_BFLOAT, FLOAT = "bfloat16 weights", "bf16 autocast", "float32 weights"
VARIANTS = (HALF, AUTOCAST, BFLOAT, AUTOCAST_BFLOAT, FLOAT)
DTYPES = {HALF: torch.float16, BFLOAT: torch.bfloat16}
AUTOCASTS = {AUTOCAST: "fp16", AUTOCAST_BFLOAT: "bf16"}


def observe(case: Case) -> Observation:
    expected, _ = _loss(_model(case.model_type, torch.float32), case.model_type, "no")
    model = _model(case.model_type, DTYPES.get(case.variant, torch.float32))
    mixed = AUTOCASTS.get(case.variant, "no")
    facts = gemma_compat.detect_facts(model=model)
    facts = facts.replace(training=TrainingFacts(trainer=True, mixed_precision=mixed))
    if case.patched:
        gemma_compat.patch(model, select=["GC401"])
    loss, finite = _loss(model, case.model_type, mixed)
    broken = not finite or not math.isclose(loss, expected, rel_tol=0.02)
    seen = f"loss {loss:.4f}, in float32 {expected:.4f}, gradients {'' if finite else 'not '}finite"
    return Observation(facts, broken=broken, seen=seen)


def _model(name: str, dtype: torch.dtype) -> Any:
    """With two norms of one layer raised to 2e4: the stream then reaches about 8e4."""
    model = tiny.build(name)
    with torch.no_grad():
        layer = text_models(model)[0][1].layers[1]
        layer.post_attention_layernorm.weight.fill_(2e4)
        layer.post_feedforward_layernorm.weight.fill_(2e4)
    return model.to(dtype).train()


def _loss(model: Any, name: str, mixed: str) -> tuple[float, bool]:
    """The loss, and whether it and every gradient are finite."""
    dtype = {"fp16": torch.float16, "bf16": torch.bfloat16}.get(mixed)
    with torch.autocast("cpu", dtype=dtype, enabled=dtype is not None):
        loss = model(**tiny.batch(name)).loss
    loss.backward()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    return loss.item(), all(torch.isfinite(item).all() for item in [loss, *grads])
