"""Gemma 3 and 3n overflow float16: the loss becomes NaN or 0, and the gradients NaN.

## What breaks
`'loss': 0.0, 'grad_norm': nan` from the first steps, generation of nothing but `<pad>`, or
`probability tensor contains either inf, nan or element < 0`. It was reported for every size of
Gemma 3 on cards that cannot do bfloat16, and wherever float16 is asked for by hand: `fp16=True`,
float16 weights, `bnb_4bit_compute_dtype=torch.float16`.

## Why
float16 ends at 65504. The norms after attention and MLP scale what is added to the residual stream,
and in the published checkpoints that reaches some 8e5 (reported). The norms compute in float32, but
round to the dtype of their input; sums stay in half too. No release of transformers holds it back.
bfloat16 has the range of float32.

What was run: the published Gemma 3 270M reaches 103,821 in one English sentence; in float16 its
loss is NaN. Thirty steps of LoRA in float16 by the Trainer on an H200 log a loss of 0 and a
gradient norm of NaN from the first; with the cure they train (2.807, 2.534, 2.371 each ten steps,
where bfloat16 has 2.782, 2.503, 2.344). Beside it, tiny random models whose norm weights were
raised until the stream passes 65504: the loss is NaN in float16 weights and under fp16 autocast
alike, and right in bfloat16 and float32. Whether another checkpoint reaches it depends on its
weights.

## Cure
bfloat16 on cards that have it (compute capability 8.0 and newer). On older ones float32:
`fp16=False, bf16=False`, weights in float32, `bnb_4bit_compute_dtype=torch.float32`. Unsloth does
something of the kind by itself and says so with `UNSLOTH_FORCE_FLOAT32=1`: it is silent then.

`patch`, opt-in, keeps the residual stream of a Gemma 3 in float32 by hooks, and no weight changes
its dtype. On the published 270M the loss is then 2.3518, against 2.3521 in float32; on the random
models it is that of float32, to float16's rounding. It does nothing about an overflow inside
attention or MLP, and refuses Gemma 3n. At the shape of Gemma 3 4B it took neither time nor memory
that could be told from noise. Apply it before the first step, and measure.
"""

from __future__ import annotations

from typing import Any

from ...conditions.precision import meets_float16
from ...conditions.unsloth import is_not_forced_to_float32
from ...engine.rule import Applicability, Problem, Rule, Scope, Severity
from ...errors import PatchTargetMissing
from ...facts import Facts
from ...patching.residual_in_float32 import (
    keep_residual_in_float32,
)
from ._advice import to_use
from ._half import cause

_TYPES = frozenset({"gemma3", "gemma3_text", "gemma3n", "gemma3n_text", "shieldgemma2"})


RULE = Rule(
    code="GC401",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("not-a-number", "float16-overflow"),
    scopes=(Scope(_TYPES, {"transformers": ">=4.50.0.dev0"}),),
    when=(meets_float16, is_not_forced_to_float32),
    applicability=Applicability.UNSAFE,
    leaves=("widen_input", "narrow_input", "narrow_output"),
    symptoms=(
        r"'loss': '?0\.0'?, 'grad_norm': '?nan",
        r"'loss': '?nan",
        r"probability tensor contains either .{1,3}inf.{1,3}, .{1,3}nan.{1,3} or element < 0",
    ),
    reports=(
        "huggingface/transformers#36822",
        "huggingface/transformers#39972",
        "unslothai/unsloth#2040",
    ),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"{cause(facts)}: the residual stream of a {facts.model.model_type} is reported to "
            "pass 65504, float16's largest number, and the loss becomes NaN or 0"
        ),
        help=to_use(facts),
    )


def patch(model: Any, ledger: Any) -> None:
    """Keep the residual stream in float32; change no weight."""
    found = ledger.text_models()
    if not found:
        raise PatchTargetMissing("no module with embed_tokens and decoder layers")
    for _, text_model in found:
        keep_residual_in_float32(text_model, ledger)
