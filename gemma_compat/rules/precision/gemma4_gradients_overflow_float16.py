"""Gemma 4 trained in float16: a finite loss and NaN gradients, as reported.

## What breaks
`grad_norm` is NaN from the first steps while the loss looks right, or GRPO ends in its second step
with `CUDA error: device-side assert triggered`. Reports disagree: some runs in float16 went well.

## Why
As reported, the backward pass overflows along the residual stream, and the product inside the MLP
passes float16's 65504. Inference is reported to stay far below it. Nothing of this was run here.

## Cure
bfloat16 on a GPU that does it (compute capability 8.0 and newer), float32 on an older one. If only
float16 is fast enough, watch `grad_norm` from the first step. Unsloth keeps Gemma 4 in float32 from
unsloth 2026.7.1 on; then this rule is silent. Nothing is patched.
"""

from __future__ import annotations

from ...conditions.precision import meets_float16
from ...conditions.unsloth import is_not_forced_to_float32
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts
from ._advice import to_use
from ._half import cause

RULE = Rule(
    code="GC406",
    since="0.1.0",
    severity=Severity.WARNING,
    evidence=Evidence.REPORTED,
    effects=("not-a-number", "float16-overflow"),
    scopes=(Scope({"gemma4", "gemma4_text"}, {"transformers": ">=5.5.0"}),),
    when=(meets_float16, is_not_forced_to_float32),
    fix=Fix(
        setting=(
            "fp16=False, bf16=True on compute capability 8.0 or newer, else float32; or "
            "watch grad_norm from the first step"
        )
    ),
    symptoms=(r"'grad_norm': '?nan", r"CUDA error: device-side assert triggered"),
    reports=("unslothai/unsloth#4875",),
    fixed_by=("unslothai/unsloth-zoo#866",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"{cause(facts)}: the gradients of a {facts.model.model_type} are reported to overflow "
            "float16 while its loss stays finite"
        ),
        help=f"{to_use(facts)}; or watch grad_norm from the first step",
    )
