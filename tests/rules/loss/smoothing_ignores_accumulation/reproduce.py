"""One step of a Trainer with smoothed labels, over four rows at once and one by one."""

from __future__ import annotations

import gemma_compat
from tests.confusion import subjects
from tests.confusion.smoothing import logged
from tests.evidence.observation import Case, Observation

MODEL_TYPES = (
    "gemma2",
    "gemma",
    "gemma3",
    "gemma3_text",
    "gemma3n",
    "gemma3n_text",
    "gemma4_text",
    "paligemma",
    "recurrent_gemma",
    "vaultgemma",
)
FOUR, UNSMOOTHED, HAND = (
    "label_smoothing_factor=0.1, gradient_accumulation_steps=4",
    "label_smoothing_factor=0, gradient_accumulation_steps=4",
    "label_smoothing_factor=0.1, gradient_accumulation_steps=4, accepts_loss_kwargs=False",
)
VARIANTS = (FOUR, UNSMOOTHED, HAND)


def observe(case: Case) -> Observation:
    subject = subjects.Subject(case.model_type)
    factor = 0.0 if case.variant == UNSMOOTHED else 0.1
    model = subjects.build(subject)
    if case.variant == HAND:
        model.accepts_loss_kwargs = False
    args = {"gradient_accumulation_steps": 4, "label_smoothing_factor": factor}
    facts = gemma_compat.detect_facts(model=model, args=args)
    at_once = logged(subjects.build(subject), case.model_type, 1, factor)
    found = logged(model, case.model_type, 4, factor)
    times = found / at_once
    # One label in sixteen is no target (GC502), which may or may not be counted.
    return Observation(facts, broken=times > 1.5, seen=f"loss {found:.4f}, times {times:.3f}")
