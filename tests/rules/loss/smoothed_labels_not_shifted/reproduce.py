"""The loss that a Trainer logs with smoothed labels, against the smoothed loss that is shifted."""

from __future__ import annotations

import torch

import gemma_compat
from tests.confusion import subjects
from tests.confusion.smoothing import logged, rows
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("paligemma",)
SMOOTHED, PLAIN = "label_smoothing_factor=0.1", "label_smoothing_factor=0"
VARIANTS = (SMOOTHED, PLAIN)


def observe(case: Case) -> Observation:
    factor = 0.1 if case.variant == SMOOTHED else 0.0
    model = subjects.build(subjects.Subject(case.model_type)).train()
    facts = gemma_compat.detect_facts(model=model, args={"label_smoothing_factor": factor})
    batch = rows(case.model_type)
    with torch.no_grad():
        logits = model(**batch).logits.log_softmax(-1)[:, :-1]
    hit = logits.gather(-1, batch["labels"][:, 1:, None])[..., 0]
    shifted = float(-((1 - factor) * hit + factor * logits.mean(-1)).mean())
    found = logged(model, case.model_type, 1, factor)
    # A Trainer may count the labels before the shift (GC502): one in sixteen.
    right = any(abs(found - shifted * share) < 1e-3 * shifted for share in (1.0, 15 / 16))
    return Observation(facts, not right, f"loss {found:.4f}, shifted it is {shifted:.4f}")
