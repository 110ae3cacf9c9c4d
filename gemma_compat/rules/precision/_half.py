"""The ways in which a run comes to compute in float16."""

from __future__ import annotations

from ...facts import Facts


def cause(facts: Facts) -> str:
    """Return which of them, as the user wrote it."""
    if facts.training.get("mixed_precision") == "fp16":
        return "fp16=True"
    if facts.model.get("compute_dtype") == "float16":
        return "bnb_4bit_compute_dtype is float16"
    return "the weights are float16"
