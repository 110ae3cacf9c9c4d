"""One optimizer step through a gradient scaler, as fp16=True makes it, on a CPU.

bfloat16 gradients are not among the variants: the CPU's scaler takes them, and CUDA's does not.
"""

from __future__ import annotations

import torch

import gemma_compat
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma3_text", "gemma2")
HALF, FLOAT, NO_SCALER = "float16 weights", "float32 weights", "float16 weights, no scaler"
VARIANTS = (HALF, FLOAT, NO_SCALER)


def observe(case: Case) -> Observation:
    dtype = torch.float32 if case.variant == FLOAT else torch.float16
    model = tiny.build(case.model_type, dtype).train()
    mixed = "no" if case.variant == NO_SCALER else "fp16"
    training = TrainingFacts(trainer=True, mixed_precision=mixed, peft=False)
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    scaler = torch.amp.GradScaler("cpu", enabled=mixed == "fp16")
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    with torch.autocast("cpu", dtype=torch.float16, enabled=mixed == "fp16"):
        loss = model(**tiny.batch(case.model_type), use_cache=False).loss
    scaler.scale(loss).backward()
    try:
        scaler.unscale_(optimizer)
    except ValueError as error:
        return Observation(facts, broken=True, seen=f"ValueError: {error}")
    return Observation(facts, broken=False, seen="unscaled")
