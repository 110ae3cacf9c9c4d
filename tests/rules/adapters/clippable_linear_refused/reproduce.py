"""Make an adapter with a list of names, a regular expression, and all-linear."""

from __future__ import annotations

import gemma_compat
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma4",)
NAMES, EXPRESSION, ALL = "a list of names", "a regular expression", "all-linear"
VARIANTS = (NAMES, EXPRESSION, ALL)
_TARGETS = {
    NAMES: ["q_proj", "v_proj"],
    EXPRESSION: r"^(?:.*\.)?language_model\..*\.(?:q_proj|v_proj)$",
    ALL: "all-linear",
}


def observe(case: Case) -> Observation:
    import peft

    model = tiny.build(case.model_type)
    config = peft.LoraConfig(r=2, target_modules=_TARGETS[case.variant])
    facts = gemma_compat.detect_facts(model=model, adapter=config)
    try:
        adapted = peft.get_peft_model(model, config)
    except ValueError as error:
        seen = " ".join(str(error).split())[:150]
        return Observation(facts, "Gemma4ClippableLinear" in seen, seen)
    count = len(gemma_compat.detect_facts(model=adapted).model.adapted_modules)
    return Observation(facts, False, f"{count} kinds of modules adapted")
