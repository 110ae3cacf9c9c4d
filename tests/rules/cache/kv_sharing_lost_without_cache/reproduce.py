"""Compare a training step with the reference: eval mode, the cache on, no checkpointing."""

from __future__ import annotations

import gemma_compat
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.evidence.observation import Case, Observation
from tests.live import compare

MODEL_TYPES = ("gemma3n_text", "gemma4_text", "gemma4")
NO_CACHE, CHECKPOINTED, CACHED, UNSHARED = (
    "training step, use_cache=False",
    "training step, use_cache=True, checkpointed",
    "training step, use_cache=True",
    "training step, use_cache=False, no shared layers",
)
VARIANTS = (NO_CACHE, CHECKPOINTED, CACHED, UNSHARED)
EVERY_MINOR = True


def observe(case: Case) -> Observation:
    changes = {"num_kv_shared_layers": 0} if case.variant == UNSHARED else {}
    expected = compare.reference(case.model_type, **changes)
    model = tiny.build(case.model_type, **changes)
    use_cache = case.variant in {CACHED, CHECKPOINTED}
    model.config.use_cache = use_cache
    model.config.get_text_config().use_cache = use_cache
    training = TrainingFacts(
        trainer=False,
        use_cache=None,
        gradient_checkpointing=case.variant == CHECKPOINTED,
        use_reentrant=False,
        external_checkpointing=False,
    )
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    if case.patched:
        gemma_compat.patch(model, select=["GC104"])
    if case.variant == CHECKPOINTED:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    found = compare.differences(expected, compare.run(model.train(), tiny.batch(case.model_type)))
    return Observation(facts, broken=not found.are_none(), seen=compare.one_line(found))
