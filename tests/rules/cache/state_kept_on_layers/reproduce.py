"""A training step of a RecurrentGemma with the cache on, and a reentrant one without it."""

from __future__ import annotations

from tests.confusion.cells import Cell
from tests.confusion.observing import observe as observe_cell
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("recurrent_gemma",)
CACHE_ON, REENTRANT = "use_cache on", "use_cache off, reentrant, within the window"
VARIANTS = (CACHE_ON, REENTRANT)


def observe(case: Case) -> Observation:
    cell = Cell(case.model_type, batch="short")
    if case.variant == REENTRANT:
        cell = Cell(case.model_type, checkpointing="reentrant", cache="off", batch="short")
    return observe_cell(cell, "GC107", case.patched)
