"""One training step on text that carries no token types."""

from __future__ import annotations

import gemma_compat
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma3", "paligemma", "gemma4")
WITHOUT, WITH = "train, no token types", "train, token types"
VARIANTS = (WITHOUT, WITH)
_NAMES = {"token_type_ids", "mm_token_type_ids"}


def observe(case: Case) -> Observation:
    changes = {"use_bidirectional_attention": "vision"} if case.model_type == "gemma4" else {}
    model = tiny.build(case.model_type, **changes)
    batch = tiny.batch(case.model_type)
    if case.variant == WITHOUT:
        batch = {name: value for name, value in batch.items() if name not in _NAMES}
    training = TrainingFacts(supplies_token_types=case.variant == WITH)
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    if case.patched:
        gemma_compat.patch(model, select=["GC801"])
    try:
        loss = model.train()(**batch, use_cache=False).loss
    except ValueError as error:
        return Observation(
            facts, broken="is required as a model input" in str(error), seen=str(error)
        )
    loss.backward()
    return Observation(facts, broken=False, seen=f"loss {float(loss):.5f}")
