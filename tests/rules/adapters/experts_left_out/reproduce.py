"""Make adapters on a mixture of experts, and count the experts' weights that they reach."""

from __future__ import annotations

from typing import Any

import gemma_compat
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma4_text",)
ALL, PARAMETERS, DENSE = "all-linear", "all-linear and the experts' parameters", "no mixture"
VARIANTS = (ALL, PARAMETERS, DENSE)
_EXPERTS = ["experts.gate_up_proj", "experts.down_proj"]
_MIXTURE = {
    "enable_moe_block": True,
    "num_experts": 4,
    "top_k_experts": 2,
    "moe_intermediate_size": 32,
}


def observe(case: Case) -> Observation:
    import peft

    model = tiny.build(case.model_type, **({} if case.variant == DENSE else _MIXTURE))
    total = sum(p.numel() for name, p in model.named_parameters() if _is_expert(name))
    options: dict[str, Any] = {"target_parameters": _EXPERTS} if case.variant == PARAMETERS else {}
    config = peft.LoraConfig(r=2, target_modules="all-linear", **options)
    facts = gemma_compat.detect_facts(model=model, adapter=config)
    adapted = peft.get_peft_model(model, config)
    adapted.train()(**tiny.batch(case.model_type)).loss.backward()
    reached = [
        name for name, p in adapted.named_parameters() if _is_expert(name) and p.grad is not None
    ]
    seen = f"{total} weights in experts, {len(reached)} tensors of the adapter on them"
    return Observation(facts, bool(total) and not reached, seen)


def _is_expert(name: str) -> bool:
    return ".experts." in name
