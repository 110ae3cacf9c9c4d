"""Build a Gemma 1 as the first published configs say, and compare it with the approximation.

The reference is the same model with the approximation in each MLP by hand.
"""

from __future__ import annotations

from typing import Any

import torch

import gemma_compat
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma",)
LEGACY, LATER = 'hidden_act="gelu"', 'hidden_act="gelu_pytorch_tanh"'
VARIANTS = (LEGACY, LATER)


def observe(case: Case) -> Observation:
    name = "gelu" if case.variant == LEGACY else "gelu_pytorch_tanh"
    model = tiny.build(case.model_type, hidden_act=name, hidden_activation=None)
    facts = gemma_compat.detect_facts(model=model).replace(training=TrainingFacts())
    if case.patched:
        gemma_compat.patch(model, select=["GC622"])
    found = _logits(model)
    for layer in model.model.layers:
        layer.mlp.act_fn = torch.nn.GELU(approximate="tanh")
    right = _logits(model)
    off = float((found - right).abs().max() / right.std())
    return Observation(facts, off > 1e-6, f"logits differ by up to {off:.1e} of their spread")


def _logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model.eval()(**tiny.batch("gemma")).logits
    return found
