"""FlashAttention 2 refuses the GPU or the head dimension.

## What breaks
The first forward, or the first backward, ends with one of
`FlashAttention only supports Ampere GPUs or newer.`,
`FlashAttention forward only supports head dimension at most 256` and
`FlashAttention backward for head dim > 192 requires A100/A800 or H100/H800`.

## Why
flash-attn 2 has kernels from compute capability 8.0 on, and for head dimensions up to 256. The
full-attention layers of Gemma 4 have 512 (`global_head_dim`), yet transformers says up to 5.23 that
Gemma 4 supports it (read in its source). Before 2.5.5 its backward for 256, the dimension of most
Gemmas, ran on compute capability 8.0 and 9.0 only. The limits are those of its source and of
reports; none was run here.

## Cure
`attn_implementation="sdpa"`; for Gemma 2 `"eager"`, since `sdpa` leaves its soft-capping out
(GC301). Packing without padding (`padding_free`, TRL's `packing`) relies on FlashAttention to keep
samples apart: leave packing too. Nothing is patched.
"""

from __future__ import annotations

from ...conditions.attention import runs_flash_attention
from ...conditions.hardware import is_without_bfloat16, weakest_gpu
from ...engine.condition import all_of, any_gpu, condition
from ...engine.rule import Evidence, Problem, Rule, Scope, Severity
from ...facts import Facts, Gpu
from ...tables.families import KNOWN_MODEL_TYPES

_ALL = frozenset(KNOWN_MODEL_TYPES)


_SMALL = {(8, 6), (8, 9)}


@condition("a layer has a head dimension above 256 (global_head_dim)")
def has_wide_heads(facts: Facts) -> bool:
    return _exceeds(facts.model.global_head_dim, 256)


@condition("the head dimension is above 192")
def has_heads_above_192(facts: Facts) -> bool:
    return _exceeds(facts.model.head_dim, 192)


@any_gpu("a GPU is of compute capability 8.6 or 8.9")
def has_small_card(facts: Facts, gpu: Gpu) -> bool:
    return gpu.compute_capability in _SMALL


is_wide_for_a_small_card = all_of(has_heads_above_192, has_small_card)


def _exceeds(value: int | None, limit: int) -> bool:
    return value is not None and value > limit


RULE = Rule(
    code="GC304",
    since="0.1.0",
    severity=Severity.ERROR,
    evidence=Evidence.REPORTED,
    effects=("crash-in-training",),
    scopes=(
        Scope(_ALL, {}, when=(is_without_bfloat16,)),
        Scope({"gemma4", "gemma4_text"}, {}, when=(has_wide_heads,)),
        Scope(_ALL, {"flash-attn": ">=2.0.0,<2.5.5"}, when=(is_wide_for_a_small_card,)),
    ),
    when=(runs_flash_attention,),
    symptoms=(
        r"FlashAttention only supports Ampere GPUs or newer",
        r"FlashAttention forward only supports head dimension at most \d+",
        r"FlashAttention backward for head dim > 192 requires A100/A800 or H100/H800",
    ),
    reports=("Dao-AILab/flash-attention#2427", "unslothai/unsloth#5045"),
)


def describe(facts: Facts) -> Problem:
    other = "eager" if facts.model.model_type in {"gemma2", "paligemma"} else "sdpa"
    return Problem(
        message=f"FlashAttention 2 refuses this {facts.model.model_type}: {_reason(facts)}",
        help=f"from_pretrained(..., attn_implementation='{other}')",
    )


def _reason(facts: Facts) -> str:
    widest = facts.model.get("global_head_dim") or 0
    if widest > 256:
        return f"its head dimension of {widest} is above 256"
    if is_without_bfloat16.is_known_to_hold(facts):
        gpu = weakest_gpu(facts)
        capability = "{}.{}".format(*gpu.compute_capability)
        return f"{gpu.get('name', 'a GPU')} has compute capability {capability}, below 8.0"
    return "before 2.5.5 its backward for head dimension 256 needs compute capability 8.0 or 9.0"
