"""Pass an empty growing cache to a checkpointed training step and compare with the reference."""

from __future__ import annotations

from typing import Any

import gemma_compat
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.evidence.observation import Case, Observation
from tests.live import compare

MODEL_TYPES = ("gemma3_text", "gemma2", "gemma3", "paligemma")
CACHE, NO_CACHE, UNCHECKPOINTED = (
    "training step, checkpointed, past_key_values=DynamicCache()",
    "training step, checkpointed, no past_key_values",
    "training step, past_key_values=DynamicCache()",
)
VARIANTS = (CACHE, NO_CACHE, UNCHECKPOINTED)
EVERY_MINOR = True


def observe(case: Case) -> Observation:
    expected = compare.reference(case.model_type)
    model = tiny.build(case.model_type).train()
    if case.variant != UNCHECKPOINTED:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    training = TrainingFacts(
        trainer=False,
        gradient_checkpointing=case.variant != UNCHECKPOINTED,
        use_reentrant=False,
        passes_cache=case.variant != NO_CACHE,
    )
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    if case.patched:
        gemma_compat.patch(model, select=["GC202"])
    broken, seen = _train(model, case, expected)
    return Observation(facts, broken, seen)


def _train(model: Any, case: Case, expected: compare.Run) -> tuple[bool, str]:
    """Whether one step crashes or differs from the reference, and how, in words."""
    from transformers import DynamicCache

    passed = {} if case.variant == NO_CACHE else {"past_key_values": DynamicCache()}
    try:
        run = compare.run(model, tiny.batch(case.model_type), **passed)
    except RuntimeError as error:  # the backward pass; torch's CheckpointError is one too
        return True, f"{type(error).__name__}: {error}"
    found = compare.differences(expected, run)
    return not found.are_none(), compare.one_line(found)
