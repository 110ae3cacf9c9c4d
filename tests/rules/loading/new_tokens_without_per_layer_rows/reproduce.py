"""Resize the embeddings and feed one new token."""

from __future__ import annotations

import gemma_compat
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma3n_text", "gemma4_text", "gemma4")
NEW, OLD = "resized, a batch with a new token", "not resized"
VARIANTS = (NEW, OLD)


def observe(case: Case) -> Observation:
    model = tiny.build(case.model_type)
    batch = tiny.batch(case.model_type)
    if case.variant == NEW:
        model.resize_token_embeddings(tiny.VOCAB + 8)
        batch["input_ids"][0, 3] = tiny.VOCAB + 3
    training = TrainingFacts(adds_tokens=case.variant == NEW)
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    try:
        seen = f"loss {float(model(**batch).loss):.4f}"
    except IndexError as error:
        seen = f"IndexError: {error}"
    return Observation(facts, "index out of range" in seen, seen)
