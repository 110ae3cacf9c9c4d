"""Feed a token id for which there is no row."""

from __future__ import annotations

import gemma_compat
from gemma_compat.facts import TokenizerFacts
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma3_text", "gemma2", "gemma3n_text", "gemma4_text")
BEYOND, LAST = "a batch with an id beyond the embeddings", "a batch with the last id"
VARIANTS = (BEYOND, LAST)


def observe(case: Case) -> Observation:
    model = tiny.build(case.model_type)
    batch = tiny.batch(case.model_type)
    largest = tiny.VOCAB if case.variant == BEYOND else tiny.VOCAB - 1
    batch["input_ids"][0, 3] = largest
    facts = gemma_compat.detect_facts(model=model)
    facts = facts.replace(tokenizer=TokenizerFacts(largest_id=largest))
    try:
        seen = f"loss {float(model(**batch).loss.detach()):.4f}"
    except IndexError as error:
        seen = f"IndexError: {error}"
    return Observation(facts, "out of range" in seen, seen)
