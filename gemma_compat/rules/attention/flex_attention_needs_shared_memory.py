"""Flex attention asks for more shared memory than a thread block of the GPU has.

## What breaks
The first backward pass of a Gemma 3 through `flex_attention` ends with `No valid triton configs.
OutOfMemoryError: out of resource: ... Required: 140800 Hardware limit: 101376`. It was reported
with torch 2.10 and newer on consumer cards (compute capability 8.6, 8.9 and 12.0).

## Why
The kernels are generated for a head dimension of 256 and take tiles that fit an A100 or H100, whose
blocks have 163 or 227 KiB; these cards have 99. The requirement is the one of the reports; what
another shape needs is not known here.

A second trap is silent: after `torch._dynamo.config.recompile_limit` recompilations, which batches
of changing length reach soon, flex attention runs uncompiled, slow and with the whole matrix in
memory.

## Cure
`attn_implementation="sdpa"`, for Gemma 2 `"eager"`. Under Unsloth
`UNSLOTH_ENABLE_FLEX_ATTENTION=0`. Nothing is patched.
"""

from __future__ import annotations

from ...conditions.attention import runs_flex_attention
from ...engine.condition import any_gpu, condition
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts, Gpu
from ...tables.gpu_tables import ARCHITECTURES

_REQUIRED = 140800  # bytes, as the reports of Gemma 3's backward pass say


_SHARED = {item.compute_capability: item.shared_memory_per_block for item in ARCHITECTURES}


@condition("the head dimension is 256 or more")
def has_heads_of_256(facts: Facts) -> bool:
    return _is_wide(facts.model.head_dim)


def _is_wide(head_dim: int | None) -> bool:
    return head_dim is not None and head_dim >= 256


@any_gpu("a GPU has less than 140800 bytes of shared memory for a block")
def has_too_little_shared_memory(facts: Facts, gpu: Gpu) -> bool:
    return _is_small(gpu.compute_capability)


def _is_small(capability: tuple[int, int]) -> bool:
    """Return whether shared memory is too small; flex attention needs capability 8.0 anyway."""
    shared = _SHARED.get(capability)
    return capability >= (8, 0) and shared is not None and shared < _REQUIRED


RULE = Rule(
    code="GC305",
    since="0.1.0",
    severity=Severity.WARNING,
    evidence=Evidence.REPORTED,
    effects=("crash-in-training",),
    scopes=(Scope({"gemma3", "gemma3_text"}, {"torch": ">=2.10.0"}),),
    when=(runs_flex_attention, has_heads_of_256, has_too_little_shared_memory),
    fix=Fix(setting="from_pretrained(..., attn_implementation='sdpa')"),
    symptoms=(
        r"No valid triton configs\.",
        r"out of resource: .{0,40}Required: \d+,? Hardware limit: ?\d+",
        r"recompile_limit reached",
    ),
    reports=("unslothai/unsloth#4273", "pytorch/pytorch#166153"),
)


def describe(facts: Facts) -> Problem:
    small = [gpu for gpu in facts.gpus if gpu.known("compute_capability")]
    gpu = next(gpu for gpu in small if _is_small(gpu.compute_capability))
    return Problem(
        message=(
            f"flex_attention's backward pass for a {facts.model.model_type} is reported to need "
            f"{_REQUIRED} bytes of shared memory; a block of {gpu.get('name', 'this GPU')} has "
            f"{_SHARED[gpu.compute_capability]}"
        ),
    )
