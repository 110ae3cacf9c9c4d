"""bfloat16 on a GPU without it: torch says it is supported, and emulates it.

## What breaks
On a T4, V100 or P100 `bf16=True` is accepted and the run is many times slower than in float16 or
float32, since every operation goes through float32. Kernels that have no such detour end with
`"..." not implemented for 'BFloat16'`. Older releases said `Your setup doesn't support bf16/gpu`.

## Why
`torch.cuda.is_bf16_supported()` counts emulation unless told otherwise (read in torch 2.13:
`including_emulation=True`), and the check in transformers asks it. bfloat16 arithmetic begins with
compute capability 8.0. In a box of unequal cards the weakest one decides.

## Cure
`torch.cuda.is_bf16_supported(including_emulation=False)` says what the card does. On such a card
train in float32, or go on in bfloat16 knowing its cost: the numbers are right. float16 is fast
there, but a Gemma 3 or 3n overflows it (GC401) and a Gemma 4 is reported to (GC406), so not for
those. Unsloth loads Gemma 3, 3n and 4
so that nothing runs in bfloat16 there and says so with `UNSLOTH_FORCE_FLOAT32=1`: this rule is
silent then. Nothing is patched.
"""

from __future__ import annotations

from ...conditions.hardware import is_without_bfloat16, weakest_gpu
from ...conditions.precision import meets_bfloat16
from ...conditions.unsloth import is_not_forced_to_float32
from ...engine.rule import Evidence, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES
from ._advice import overflows_float16, weakest_name

RULE = Rule(
    code="GC402",
    since="0.1.0",
    severity=Severity.WARNING,
    evidence=Evidence.SOURCE,
    read_in=("torch 2.13.0: torch/cuda/__init__.py, is_bf16_supported",),
    effects=("slow",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}),),
    when=(
        is_without_bfloat16,
        meets_bfloat16,
        is_not_forced_to_float32,
    ),
    symptoms=(
        r"not implemented for 'BFloat16'",
        r"Your setup doesn't support bf16/gpu",
    ),
    reports=("pytorch/pytorch#124996",),
)


def describe(facts: Facts) -> Problem:
    capability = "{}.{}".format(*weakest_gpu(facts).compute_capability)
    code = overflows_float16(facts)
    quantized = facts.model.get("compute_dtype") == "bfloat16"
    layers = ", bnb_4bit_compute_dtype=torch.float32" if quantized else ""
    float16 = f"not fp16=True ({code})" if code else "or fp16=True if its range is enough"
    return Problem(
        message=(
            f"this {facts.model.model_type} is to run in bfloat16, which {weakest_name(facts)} "
            f"(compute capability {capability}) only emulates: slow, and some kernels are missing"
        ),
        help=(
            f"bf16=False and from_pretrained(..., dtype=torch.float32){layers}, or keep bfloat16 "
            f"knowing its cost; {float16}"
        ),
    )
