"""Run a prefix-tuned model forward once: PEFT builds its cache there."""

from __future__ import annotations

from tests.confusion import judging, steps
from tests.confusion.cells import Cell
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma2", "gemma3_text")
PINS = {"transformers": "4.57.6"}
PREFIX, LORA = "prefix tuning", "LoRA"
VARIANTS = (PREFIX, LORA)


def observe(case: Case) -> Observation:
    cell = Cell(case.model_type, training="prefix" if case.variant == PREFIX else "lora")
    facts = judging.facts_of(cell, steps.prepare(cell))
    try:
        seen = f"loss {steps.reference(cell).loss:.4f}"
    except IndexError as error:
        return Observation(facts, broken="index 2" in str(error), seen=str(error))
    return Observation(facts, broken=False, seen=seen)
