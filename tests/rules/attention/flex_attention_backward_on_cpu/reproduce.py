"""One forward and backward through flex attention on a CPU."""

from __future__ import annotations

import gemma_compat
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma3_text", "gemma2")
FLEX, OTHER = "flex_attention", "eager"
VARIANTS = (FLEX, OTHER)


def observe(case: Case) -> Observation:
    model = tiny.build(case.model_type, attn=case.variant).train()
    facts = gemma_compat.detect_facts(model=model)
    try:
        model(**tiny.batch(case.model_type), use_cache=False).loss.backward()
    except (NotImplementedError, RuntimeError) as error:
        return Observation(facts, broken=True, seen=f"{type(error).__name__}: {error}"[:160])
    return Observation(facts, broken=False, seen="gradients computed")
