"""Two samples in a row, told apart by position ids: does the second see the first?"""

from __future__ import annotations

import gemma_compat
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.evidence.observation import Case, Observation
from tests.live.packed import leak

MODEL_TYPES = ("gemma3_text", "gemma2", "gemma3")
EAGER, SDPA, ALONE = "packed, eager", "packed, sdpa", "one sample in a row"
VARIANTS = (EAGER, SDPA, ALONE)


def observe(case: Case) -> Observation:
    attn = "sdpa" if case.variant == SDPA and case.model_type != "gemma2" else "eager"
    model = tiny.build(case.model_type, attn=attn)
    training = TrainingFacts(packing=case.variant != ALONE)
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    moved = leak(model, case.model_type, use_cache=False) if case.variant != ALONE else 0.0
    seen = f"logits of the second sample moved by {moved:.4f}"
    return Observation(facts, broken=moved > 1e-4, seen=seen)
