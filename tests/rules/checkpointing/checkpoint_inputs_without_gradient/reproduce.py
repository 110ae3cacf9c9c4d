"""A LoRA step with each attention in a checkpoint wrapper, reentrant and not.

The embeddings of the other types are not told to ask for a gradient; for a T5Gemma that is done,
and reaches its encoder only.
"""

from __future__ import annotations

from typing import Any

from tests.confusion.cells import Cell
from tests.confusion.observing import observe as observe_cell
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma3_text", "gemma2", "t5gemma")
REENTRANT = "LoRA step, attention in a reentrant checkpoint_wrapper"
NO_REENTRY = "LoRA step, attention in a checkpoint_wrapper without reentry"
VARIANTS = (REENTRANT, NO_REENTRY)
KINDS = {
    REENTRANT: "attention wrapper reentrant",
    NO_REENTRY: "attention wrapper non-reentrant",
}


def observe(case: Case) -> Observation:
    cell = Cell(case.model_type, KINDS[case.variant], "off", training="lora", batch="short")
    return observe_cell(cell, "GC209", case.patched, change=_leave_embeddings_alone)


def _leave_embeddings_alone(model: Any) -> None:
    if model.config.model_type != "t5gemma":
        model.disable_input_require_grads()
