"""Compare a checkpointed training step with the reference, gradient by gradient.

GC104 is cured first, where it applies: without it older releases train another network anyway.
"""

from __future__ import annotations

import gemma_compat
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.evidence.observation import Case, Observation
from tests.live import compare

MODEL_TYPES = ("gemma3n_text", "gemma4_text", "gemma4")
REENTRANT, NON_REENTRANT, UNCHECKPOINTED, UNSHARED = (
    "training step, reentrant checkpointing",
    "training step, non-reentrant checkpointing",
    "training step, no checkpointing",
    "training step, reentrant checkpointing, no shared layers",
)
VARIANTS = (REENTRANT, NON_REENTRANT, UNCHECKPOINTED, UNSHARED)
EVERY_MINOR = True


def observe(case: Case) -> Observation:
    changes = {"num_kv_shared_layers": 0} if case.variant == UNSHARED else {}
    expected = compare.reference(case.model_type, **changes)
    model = tiny.build(case.model_type, **changes).train()
    gemma_compat.patch(model, select=["GC104"])
    if case.variant != UNCHECKPOINTED:
        keywords = {"use_reentrant": case.variant != NON_REENTRANT}
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=keywords)
    training = TrainingFacts(
        gradient_checkpointing=case.variant != UNCHECKPOINTED,
        use_reentrant=case.variant in {REENTRANT, UNSHARED},
    )
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    if case.patched:
        gemma_compat.patch(model, select=["GC201"])
    found = compare.differences(expected, compare.run(model, tiny.batch(case.model_type)))
    return Observation(facts, broken=not found.are_none(), seen=compare.one_line(found))
