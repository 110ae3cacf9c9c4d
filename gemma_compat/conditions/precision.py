"""Conditions on number formats: of the weights, of autocast, of 4-bit layers."""

from __future__ import annotations

from ..engine.condition import all_of, any_of, condition, not_
from ..facts import Facts
from .hardware import is_without_bfloat16


@condition("the weights are bfloat16 or float16")
def weights_are_half(facts: Facts) -> bool:
    return facts.model.dtype in {"bfloat16", "float16", "mixed"}


@condition("all weights are bfloat16 or float16")
def weights_are_all_half(facts: Facts) -> bool:
    return facts.model.dtype in {"bfloat16", "float16"}


@condition("the weights are float32")
def weights_are_float32(facts: Facts) -> bool:
    return facts.model.dtype == "float32"


@condition("the weights are float16")
def weights_are_float16(facts: Facts) -> bool:
    return facts.model.dtype == "float16"


@condition("the weights are bfloat16")
def weights_are_bfloat16(facts: Facts) -> bool:
    return facts.model.dtype == "bfloat16"


@condition("the run uses mixed precision (bf16=True or fp16=True)")
def autocasts(facts: Facts) -> bool:
    return facts.training.mixed_precision in {"bf16", "fp16"}


@condition("the run autocasts to float16 (fp16=True)")
def autocasts_to_float16(facts: Facts) -> bool:
    return facts.training.mixed_precision == "fp16"


@condition("the run autocasts to bfloat16 (bf16=True)")
def autocasts_to_bfloat16(facts: Facts) -> bool:
    return facts.training.mixed_precision == "bf16"


@condition("the run does not autocast")
def autocasts_nothing(facts: Facts) -> bool:
    return facts.training.mixed_precision == "no"


@condition("4-bit layers compute in float16")
def computes_in_float16(facts: Facts) -> bool:
    return facts.model.compute_dtype == "float16"


@condition("4-bit layers compute in bfloat16")
def computes_in_bfloat16(facts: Facts) -> bool:
    return facts.model.compute_dtype == "bfloat16"


@condition("4-bit layers compute in float32, the default")
def computes_in_float32(facts: Facts) -> bool:
    return facts.model.compute_dtype == "float32"


runs_in_float32 = all_of(weights_are_float32, autocasts_nothing)
holds_float16 = all_of(
    weights_are_float16,
    not_(autocasts_to_bfloat16, "no bfloat16 autocast is on"),
    phrase="the weights are float16 and no bfloat16 autocast is on",
)
holds_bfloat16 = all_of(
    weights_are_bfloat16,
    autocasts_nothing,
    phrase="the weights are bfloat16 and nothing is autocast",
)
meets_float16 = any_of(autocasts_to_float16, holds_float16, computes_in_float16)
meets_bfloat16 = any_of(autocasts_to_bfloat16, holds_bfloat16, computes_in_bfloat16)
asks_for_float16 = any_of(
    autocasts_to_float16,
    weights_are_float16,
    phrase="the weights or the mixed precision are float16",
)
# Unsloth falls back to float16 by itself on a GPU without bfloat16.
falls_back_to_float16 = any_of(is_without_bfloat16, asks_for_float16)
