"""Left padding leaves rows of the mask without a token, and some kernels make NaN of them.

## What breaks
The loss or the logits are NaN, or generation is empty, for batches that are padded on the left, in
float16 through `sdpa`. It was reported for Gemma 3 and 4 on a B200 with transformers 5.15.1, and
earlier for Gemma 2 and 3. Right-padded batches are fine.

## Why
A padding token attends to nothing: its row of the mask is empty, a softmax over it divides zero by
zero, and NaN in one row reaches the others through the next layers. torch before 2.5 did so in
`scaled_dot_product_attention`; transformers filled the rows for those releases. Which kernel still
does it is known in part. On an H100 (torch 2.11.0, transformers 5.17.0) each output was finite, but
the *gradients* of the kernel that torch takes by default there for head dimension 256 (cuDNN) were
not, in float16 and bfloat16, where a mask leaves a row empty; steps of small Gemma 3, 3n and 4 with
64 of 128 tokens padded, which go through transformers' own masks, were finite throughout. A CPU has
no NaN either. The figures are in `docs/measurements/gpu.md`.

## Cure
`tokenizer.padding_side = "right"` for training, which is what a causal language model expects. For
generation, which needs padding on the left, `attn_implementation="eager"` or bfloat16.
Nothing is patched.
"""

from __future__ import annotations

from ...conditions.attention import runs_sdpa
from ...conditions.hardware import has_blackwell
from ...conditions.precision import autocasts_to_float16, weights_are_float16
from ...conditions.tokenizer import pads_left
from ...engine.condition import any_of
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

_TYPES = frozenset({"gemma3", "gemma3_text", "gemma4", "gemma4_text"})


RULE = Rule(
    code="GC303",
    since="0.1.0",
    severity=Severity.WARNING,
    evidence=Evidence.REPORTED,
    effects=("not-a-number",),
    scopes=(Scope(_TYPES, {"transformers": ">=5.0.0rc1"}),),
    when=(runs_sdpa, pads_left, has_blackwell, any_of(weights_are_float16, autocasts_to_float16)),
    fix=Fix(
        setting="tokenizer.padding_side = 'right' for training, or attn_implementation='eager'"
    ),
    reports=("huggingface/transformers#45491", "unslothai/unsloth#9848"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"left padding in float16 through sdpa: reported to make NaN of a "
            f"{facts.model.model_type} on Blackwell GPUs (not seen on an H100)"
        ),
    )
