"""Two samples in a row, told apart by position ids: does the second see the first?"""

from __future__ import annotations

import gemma_compat
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.confusion.cells import Cell
from tests.confusion.observing import observe as observe_cell
from tests.evidence.observation import Case, Observation
from tests.live.packed import leak

MODEL_TYPES = ("gemma3_text", "gemma2", "gemma3", "gemma", "paligemma")
EAGER, SDPA, ALONE = "packed, eager", "packed, sdpa", "one sample in a row"
VARIANTS = (EAGER, SDPA, ALONE)
# No tiny models of the other tests, or no tokens that see both ways in them: those of the matrix.
CELLS = {
    EAGER: {"batch": "packed"},
    SDPA: {"batch": "packed", "attention": "sdpa"},
    ALONE: {"batch": "padded"},
}
OF_THE_MATRIX = {"gemma": "", "paligemma": "+gemma"}


def observe(case: Case) -> Observation:
    if case.model_type in OF_THE_MATRIX:
        subject = case.model_type + OF_THE_MATRIX[case.model_type]
        cell = Cell(subject, cache="off", **CELLS[case.variant])
        return observe_cell(cell, "GC803", case.patched)
    attn = "sdpa" if case.variant == SDPA and case.model_type != "gemma2" else "eager"
    model = tiny.build(case.model_type, attn=attn)
    training = TrainingFacts(packing=case.variant != ALONE)
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    moved = leak(model, case.model_type, use_cache=False) if case.variant != ALONE else 0.0
    seen = f"logits of the second sample moved by {moved:.4f}"
    return Observation(facts, broken=moved > 1e-4, seen=seen)
