"""One step of a Trainer over four rows at once, and over the same rows one by one."""

from __future__ import annotations

import tempfile
from typing import Any

import gemma_compat
from tests import tiny
from tests.evidence.observation import Case, Observation
from tests.live.trainers import Rows, first_log, trainer

MODEL_TYPES = ("gemma3", "paligemma", "gemma4")
FOUR, ONE, HAND = (
    "gradient_accumulation_steps=4",
    "gradient_accumulation_steps=1",
    "gradient_accumulation_steps=4, accepts_loss_kwargs=False",
)
VARIANTS = (FOUR, ONE, HAND)


def observe(case: Case) -> Observation:
    reference = _logged(tiny.build(case.model_type), case.model_type, 1)
    model = tiny.build(case.model_type)
    if case.variant == HAND:
        model.accepts_loss_kwargs = False
    steps = 1 if case.variant == ONE else 4
    args = {"gradient_accumulation_steps": steps}
    facts = gemma_compat.detect_facts(model=model, args=args)
    if case.patched:
        gemma_compat.patch(model, args=args, select=["GC501"])
    found = _logged(model, case.model_type, steps)
    ratios = [one / other for one, other in zip(found, reference, strict=True)]
    seen = f"loss {found[0]:.4f}, grad_norm {found[1]:.4f}; times {ratios[0]:.3f}, {ratios[1]:.3f}"
    # One label in twelve is no target (GC502), which may or may not be counted.
    return Observation(facts, broken=max(ratios) > 1.5, seen=seen)


def _logged(model: Any, name: str, steps: int) -> tuple[float, float]:
    """Loss and gradient norm that the Trainer logs for the same four rows."""
    with tempfile.TemporaryDirectory() as folder:
        run = trainer(
            model,
            name,
            folder,
            rows=Rows(name, size=4),
            per_device_train_batch_size=4 // steps,
            gradient_accumulation_steps=steps,
            logging_strategy="steps",
            logging_steps=1,
            max_grad_norm=1e9,
        )
        logged = first_log(run)
    return float(logged["loss"]), float(logged["grad_norm"])
