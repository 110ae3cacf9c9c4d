"""Flex attention has no backward pass on a CPU.

## What breaks
Training without a GPU through `flex_attention` ends in the first forward pass that keeps gradients
with `NotImplementedError: FlexAttention does not support backward on CPU. Please set the input
requires_grad to False or use another device.`

## Why
torch compiles flex attention for the CPU for inference only. This was seen with torch 2.13 on
transformers 5.23.0. A run with a GPU that is told to stay on the CPU (`use_cpu=True`) meets it too;
this rule looks at visible GPUs only.

## Cure
`attn_implementation="sdpa"`, and `"eager"` for a Gemma 2, whose soft-capping `sdpa` leaves out
(GC301). Nothing is patched.
"""

from __future__ import annotations

from ...conditions.attention import runs_flex_attention
from ...conditions.hardware import is_without_gpu
from ...engine.rule import Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES

RULE = Rule(
    code="GC307",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("crash-in-training",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}),),
    when=(runs_flex_attention, is_without_gpu),
    symptoms=(r"FlexAttention does not support backward on CPU",),
)


def describe(facts: Facts) -> Problem:
    other = "eager" if facts.model.model_type == "gemma2" else "sdpa"
    return Problem(
        message=(
            f"this {facts.model.model_type} runs through flex_attention, which has no backward "
            "pass on a CPU, and no GPU is visible"
        ),
        help=f"from_pretrained(..., attn_implementation='{other}')",
    )
