"""The ways in which a run comes to compute in float16."""

from __future__ import annotations

from ...engine.rule import any_of, condition
from ...facts import Facts


@condition("the run autocasts to float16 (fp16=True)")
def autocasts_to_float16(facts: Facts) -> bool:
    return facts.training.mixed_precision == "fp16"


@condition("the weights are float16 and no bfloat16 autocast is on")
def runs_in_float16(facts: Facts) -> bool:
    return facts.model.dtype == "float16" and facts.training.mixed_precision != "bf16"


@condition("4-bit layers compute in float16")
def computes_in_float16(facts: Facts) -> bool:
    return facts.model.compute_dtype == "float16"


is_float16 = any_of(autocasts_to_float16, runs_in_float16, computes_in_float16)


def cause(facts: Facts) -> str:
    """Which of them, as the user wrote it."""
    if facts.training.get("mixed_precision") == "fp16":
        return "fp16=True"
    if facts.model.get("compute_dtype") == "float16":
        return "bnb_4bit_compute_dtype is float16"
    return "the weights are float16"
