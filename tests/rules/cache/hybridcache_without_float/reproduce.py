"""Evaluate under accelerate's autocast, as `Trainer.evaluate` does, and see whether it crashes."""

from __future__ import annotations

from typing import Any

import gemma_compat
from gemma_compat.facts import Facts, TrainingFacts
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma3_text", "gemma2", "gemma3", "paligemma")
EVALUATION, FULL_WEIGHTS, NO_AUTOCAST, TRAINING = (
    "evaluation, bf16 weights, bf16 autocast",
    "evaluation, fp32 weights, bf16 autocast",
    "evaluation, bf16 weights, no autocast",
    "training step, bf16 weights, bf16 autocast",
)
VARIANTS = (EVALUATION, FULL_WEIGHTS, NO_AUTOCAST, TRAINING)
EVERY_MINOR = True


def observe(case: Case) -> Observation:
    import torch

    dtype = torch.float32 if case.variant == FULL_WEIGHTS else torch.bfloat16
    model = tiny.build(case.model_type, dtype)
    training = TrainingFacts(
        mixed_precision="no" if case.variant == NO_AUTOCAST else "bf16",
        evaluates=case.variant != TRAINING,
    )
    facts: Facts = gemma_compat.detect_facts(model=model).replace(training=training)
    if case.patched:
        gemma_compat.patch(model, select=["GC101"])
    seen = _forward(model, case, training.mixed_precision)
    return Observation(facts, broken="has no attribute 'float'" in seen, seen=seen)


def _forward(model: Any, case: Case, mixed_precision: str) -> str:
    """What one forward through accelerate's wrapper gives, in words."""
    import torch
    from accelerate import Accelerator

    prepared = Accelerator(mixed_precision=mixed_precision, cpu=True).prepare_model(model)
    prepared.train(case.variant == TRAINING)
    try:
        with torch.no_grad():
            output = prepared(**tiny.batch(case.model_type))
    except AttributeError as error:
        return f"AttributeError: {error}"
    return f"loss {output.loss.item():.4f}, cache {type(output.past_key_values).__name__}"
