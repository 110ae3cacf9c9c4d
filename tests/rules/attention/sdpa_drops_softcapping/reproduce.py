"""Compare the logits through sdpa with those of eager, and with those of a config without a cap."""

from __future__ import annotations

from typing import Any

import torch

import gemma_compat
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma2", "paligemma")
SDPA, NO_CAP, EAGER = "sdpa, capped at 0.5", "sdpa, without a cap", "eager, capped at 0.5"
VARIANTS = (SDPA, NO_CAP, EAGER)


def observe(case: Case) -> Observation:
    cap = None if case.variant == NO_CAP else 0.5
    attn = "eager" if case.variant == EAGER else "sdpa"
    expected = _logits(tiny.build(case.model_type, attn_logit_softcapping=cap), case.model_type)
    try:
        model = tiny.build(case.model_type, attn=attn, attn_logit_softcapping=cap)
    except ValueError as error:  # 5.21 and later refuse sdpa: loud, which is another defect
        model = tiny.build(case.model_type, attn_logit_softcapping=cap)
        facts = gemma_compat.detect_facts(model=model)
        facts = facts.replace(model=facts.model.replace(attn_implementation=attn))
        return Observation(facts, broken=False, seen=f"refused: {error}"[:160])
    facts = gemma_compat.detect_facts(model=model)
    if case.patched:
        gemma_compat.patch(model, select=["GC301"])
    away = (_logits(model, case.model_type) - expected).abs().max().item()
    return Observation(facts, broken=away > 1e-3, seen=f"logits differ by at most {away:.2g}")


def _logits(model: Any, name: str) -> Any:
    with torch.no_grad():
        return model.eval()(**tiny.batch(name), use_cache=False).logits
