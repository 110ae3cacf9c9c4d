"""Two samples in a row, told apart by position ids: does the second see the first?"""

from __future__ import annotations

import gemma_compat
from gemma_compat.facts import TrainingFacts
from gemma_compat.live.tree import named_configs
from tests import tiny
from tests.confusion.cells import Cell
from tests.confusion.observing import observe as observe_cell
from tests.evidence.observation import Case, Observation
from tests.live.packed import leak

MODEL_TYPES = (
    "gemma3_text",
    "gemma2",
    "gemma3n_text",
    "gemma4_text",
    "gemma3",
    "gemma4",
    "vaultgemma",
    "gemma4_unified_text",
)
ON, CHECKPOINTED, OFF = (
    "packed, use_cache=True",
    "packed, use_cache=True, gradient checkpointing",
    "packed, use_cache=False in every config",
)
VARIANTS = (ON, CHECKPOINTED, OFF)
# No tiny models of the other tests: the confusion matrix makes them, and compares. Gemma 1 is not
# among them: on the release before its bound packed samples meet without a cache too (GC803).
CELLS = {
    ON: {},
    CHECKPOINTED: {"checkpointing": "non-reentrant"},
    OFF: {"cache": "off"},
}
OF_THE_MATRIX = {"vaultgemma": "", "gemma4_unified_text": "+unshared"}


def observe(case: Case) -> Observation:
    if case.model_type in OF_THE_MATRIX:
        subject = case.model_type + OF_THE_MATRIX[case.model_type]
        cell = Cell(subject, batch="packed", **CELLS[case.variant])
        return observe_cell(cell, "GC804", case.patched)
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
