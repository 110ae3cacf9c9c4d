"""Make the model from a config that asks for sdpa, and see whether it is refused."""

from __future__ import annotations

import gemma_compat
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma2", "paligemma")
VARIANTS = ("sdpa", "eager")


def observe(case: Case) -> Observation:
    model = tiny.build(case.model_type)
    facts = gemma_compat.detect_facts(model=model)
    facts = facts.replace(model=facts.model.replace(attn_implementation=case.variant))
    try:
        tiny.build(case.model_type, attn=case.variant)
    except ValueError as error:
        refused = "does not support an attention implementation" in str(error)
        return Observation(facts, broken=refused, seen=f"ValueError: {error}"[:160])
    return Observation(facts, broken=False, seen="made")
