"""Make an adapter from a configuration without target modules."""

from __future__ import annotations

import gemma_compat
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma3_text", "gemma3", "gemma3n_text", "gemma4", "gemma4_text", "paligemma")
DEFAULT, NAMED = "no target_modules", "target_modules named"
VARIANTS = (DEFAULT, NAMED)
# Gemma 4 needs a newer one: its rows next to 0.19 were made with 5.23.0 here.
PINS = {"transformers": "4.57.6"}


def observe(case: Case) -> Observation:
    import peft

    model = tiny.build(case.model_type)
    named = None if case.variant == DEFAULT else r".*layers\..*\.mlp\.down_proj(?:\.linear)?"
    config = peft.LoraConfig(r=2, target_modules=named)
    facts = gemma_compat.detect_facts(model=model, adapter=config)
    try:
        peft.get_peft_model(model, config)
    except ValueError as error:
        seen = " ".join(str(error).split())[:150]
        return Observation(facts, "Please specify" in seen, seen)
    return Observation(facts, False, "adapted")
