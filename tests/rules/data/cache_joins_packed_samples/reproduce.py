"""Two samples in a row, told apart by position ids: does the second see the first?"""

from __future__ import annotations

import gemma_compat
from gemma_compat.facts import TrainingFacts
from gemma_compat.live.tree import named_configs
from tests import tiny
from tests.evidence.observation import Case, Observation
from tests.live.packed import leak

MODEL_TYPES = ("gemma3_text", "gemma2", "gemma3n_text", "gemma4_text", "gemma3", "gemma4")
ON, CHECKPOINTED, OFF = (
    "packed, use_cache=True",
    "packed, use_cache=True, gradient checkpointing",
    "packed, use_cache=False in every config",
)
VARIANTS = (ON, CHECKPOINTED, OFF)


def observe(case: Case) -> Observation:
    # Layers that share keys and values need the cache on some releases (GC104).
    shares = case.model_type in {"gemma3n_text", "gemma4_text", "gemma4"}
    model = tiny.build(case.model_type, **({"num_kv_shared_layers": 0} if shares else {}))
    for _, config in named_configs(model):
        config.use_cache = case.variant != OFF
    if case.variant == CHECKPOINTED:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    training = TrainingFacts(
        trainer=False, packing=True, gradient_checkpointing=case.variant == CHECKPOINTED
    )
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    if case.patched:
        gemma_compat.patch(model, select=["GC804"])
    moved = leak(model, case.model_type)
    seen = f"logits of the second sample moved by {moved:.4f}"
    return Observation(facts, broken=moved > 1e-4, seen=seen)
