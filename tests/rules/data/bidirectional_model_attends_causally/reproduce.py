"""Change the last token, and see whether the states of the tokens before it move."""

from __future__ import annotations

import torch

import gemma_compat
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma3_text",)
BOTH, ONE = "use_bidirectional_attention=True", "use_bidirectional_attention not set"
VARIANTS = (BOTH, ONE)


def observe(case: Case) -> Observation:
    changes = {"use_bidirectional_attention": True} if case.variant == BOTH else {}
    model = tiny.build(case.model_type, **changes).eval()
    facts = gemma_compat.detect_facts(model=model)
    ids = tiny.batch(case.model_type, size=1, tokens=6)["input_ids"]
    other = ids.clone()
    other[0, -1] = 201
    with torch.no_grad():
        states = [model.model(input_ids=row).last_hidden_state[0, :-1] for row in (ids, other)]
    moved = float((states[0] - states[1]).abs().max())
    seen = f"the states of earlier tokens moved by {moved:.4f}"
    return Observation(facts, broken=case.variant == BOTH and moved == 0, seen=seen)
