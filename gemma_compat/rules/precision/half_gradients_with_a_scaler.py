"""fp16=True with half-precision weights: the gradients cannot be unscaled.

## What breaks
The first optimizer step ends with `ValueError: Attempting to unscale FP16 gradients.` for float16
weights, and for bfloat16 weights with `NotImplementedError: "..._unscale_cuda" not implemented for
'BFloat16'` (whole: `_amp_foreach_non_finite_check_and_unscale_cuda`).

## Why
`fp16=True` brings a gradient scaler, which expects float32 weights under autocast. A gradient has
the dtype of its weight. From transformers 5 on `from_pretrained` keeps the dtype of the checkpoint,
which for every Gemma is bfloat16, so `fp16=True` alone is enough to meet the second error.

The first was run on a CPU; both were seen with torch 2.11 on an H100. The scaler of a CPU accepts
bfloat16 gradients.

## Cure
Make weights and flag agree. Where the GPU does bfloat16: `bf16=True, fp16=False`. Else load the
weights in float32 (`dtype=torch.float32`), and for Gemma 3, 3n and 4 turn `fp16` off as well, since
they overflow float16 under autocast too (GC401, GC406).
A PEFT adapter is cast to float32 by `get_peft_model` unless `autocast_adapter_dtype=False`; this
rule is silent about adapters. Nothing is patched: an optimizer may exist already.
"""

from __future__ import annotations

from ...conditions.hardware import is_without_bfloat16
from ...conditions.precision import autocasts_to_float16, weights_are_all_half
from ...conditions.run import trains_every_weight
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES
from ._advice import overflows_float16, to_use, weakest_name

RULE = Rule(
    code="GC403",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("crash-in-training",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}),),
    when=(autocasts_to_float16, weights_are_all_half),
    runs=(trains_every_weight,),
    fix=Fix(setting="bf16=True, fp16=False; or from_pretrained(..., dtype=torch.float32)"),
    symptoms=(
        r"Attempting to unscale FP16 gradients",
        r"_amp_foreach_non_finite_check_and_unscale_cuda.{1,3} not implemented for 'BFloat16'",
    ),
    reports=("huggingface/transformers#23165", "pytorch/pytorch#127176"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"fp16=True with {facts.model.dtype} weights of this {facts.model.model_type}: the "
            "gradient scaler refuses their gradients at the first optimizer step"
        ),
        help=_help(facts),
    )


def _help(facts: Facts) -> str:
    """Return the arguments that the GPU and the model can run with."""
    if overflows_float16(facts) or not is_without_bfloat16.is_known_to_hold(facts):
        return to_use(facts)
    return f"from_pretrained(..., dtype=torch.float32), since {weakest_name(facts)} has no bfloat16"
