"""Gemma 4's vision pooler multiplies in the dtype of the tower, past float16's range.

## What breaks
With images and the vision tower in float16 the image features become inf and the loss NaN. Reported
for 26B-A4B and 31B. Text alone is not touched.

## Why
The pooler of the vision tower multiplies its hidden states by the square root of their size in the
dtype they have. transformers 5.10.1 multiplies in float32 (read in 5.9.0 and 5.10.1). Whether the
numbers pass 65504 depends on the weights; it was reported and not run here.

## Cure
transformers 5.10.1 or newer, or bfloat16. The rest of a Gemma 4 has other troubles in float16
(GC406). Nothing is patched.
"""

from __future__ import annotations

from ...conditions.precision import holds_float16
from ...conditions.run import has_images
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

RULE = Rule(
    code="GC407",
    since="0.1.0",
    severity=Severity.WARNING,
    evidence=Evidence.SOURCE,
    read_in=("transformers 5.10.0, 5.10.1: models/gemma4/modeling_gemma4.py",),
    effects=("not-a-number", "float16-overflow"),
    scopes=(Scope({"gemma4"}, {"transformers": ">=5.5.0,<5.10.1"}),),
    when=(holds_float16,),
    runs=(has_images,),
    fix=Fix(fixed_in={"transformers": "5.10.1"}, setting="bfloat16 weights"),
    reports=("huggingface/transformers#46277",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"on transformers {facts.version('transformers')} the vision pooler of a "
            f"{facts.model.model_type} multiplies in float16, and is reported to pass its range"
        ),
    )
