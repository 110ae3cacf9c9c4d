"""Read the number of layers from the top-level config, as code for text models does."""

from __future__ import annotations

import gemma_compat
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma3", "gemma4", "paligemma")
TOP, TEXT = "config.num_hidden_layers", "config.get_text_config().num_hidden_layers"
VARIANTS = (TOP, TEXT)


def observe(case: Case) -> Observation:
    model = tiny.build(case.model_type)
    training = TrainingFacts(reads_top_config=case.variant == TOP)
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    if case.patched:
        gemma_compat.patch(model, select=["GC601"])
    config = model.config if case.variant == TOP else model.config.get_text_config()
    try:
        seen = f"{config.num_hidden_layers} layers"
    except AttributeError as error:
        seen = f"AttributeError: {error}"
    return Observation(facts, "has no attribute" in seen, seen)
