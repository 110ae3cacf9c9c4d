"""Train one step on text alone, and count the adapters that get no gradient, and AltUp's."""

from __future__ import annotations

import gemma_compat
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma3", "paligemma", "gemma3n_text", "gemma4")
ALL, NAMES, EXPRESSION = "all-linear", "q_proj and v_proj", "a regular expression"
VARIANTS = (ALL, NAMES, EXPRESSION)
_TARGETS = {
    ALL: "all-linear",
    NAMES: ["q_proj", "v_proj"],
    EXPRESSION: r"^(?!.*vision).*layers\..*\.(?:q_proj|v_proj)$",
}


def observe(case: Case) -> Observation:
    import peft

    model = tiny.build(case.model_type)
    config = peft.LoraConfig(r=2, target_modules=_TARGETS[case.variant])
    facts = gemma_compat.detect_facts(model=model, adapter=config)
    facts = facts.replace(training=TrainingFacts(images=False, peft=True))
    try:
        adapted = peft.get_peft_model(model, config)
    except ValueError as error:  # Gemma 4's towers: GC701
        return Observation(facts, False, " ".join(str(error).split())[:150])
    adapted.train()(**tiny.batch(case.model_type)).loss.backward()
    trained = [(n, p) for n, p in adapted.named_parameters() if p.requires_grad]
    idle = [name for name, parameter in trained if parameter.grad is None and "vision" in name]
    mixing = [name for name, _ in trained if "altup." in name]
    seen = (
        f"{len(trained)} tensors, {len(idle)} of a tower without gradient, {len(mixing)} of AltUp"
    )
    return Observation(facts, bool(idle or mixing), seen)
