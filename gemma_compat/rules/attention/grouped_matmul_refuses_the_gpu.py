"""The grouped matrix product of Gemma 4's experts refuses the GPU.

## What breaks
The first forward of a mixture of experts (26B-A4B) ends with `torch._grouped_mm is only supported
on CUDA devices with compute capability = 9.0`, or with `>= 8.0` on newer torch.

## Why
`torch._grouped_mm` ran on Hopper alone up to torch 2.8, and needs compute capability 8.0 from 2.9
on. transformers 5.5 takes it without asking. From 5.6.0 it asks, and up to 5.15 it takes every GPU
from 9.0 on with an old torch, so also a Blackwell, which refuses; 5.16.0 asks for 9.x. This was
read in these releases, and not run here.

## Cure
`pip install -U 'transformers>=5.16.0'`, or torch 2.9 or newer for an Ampere or Blackwell card, or
load with `experts_implementation="eager"`, which is slower. Nothing is patched.
"""

from __future__ import annotations

from ...conditions.hardware import is_without_bfloat16
from ...conditions.model import has_experts
from ...engine.condition import all_of, any_gpu, condition
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts, Gpu

_TYPES = frozenset({"gemma4", "gemma4_text"})


_HOPPER_ONLY = ">=2.8.0,<2.9.0"


@condition("experts run through grouped_mm")
def asks_for_grouped_mm(facts: Facts) -> bool:
    return facts.model.experts_implementation == "grouped_mm"


runs_grouped_mm = all_of(
    has_experts,
    asks_for_grouped_mm,
    phrase="the model is a mixture of experts that runs through grouped_mm",
)


@any_gpu("a GPU is not a Hopper")
def has_other_than_hopper(facts: Facts, gpu: Gpu) -> bool:
    return gpu.compute_capability[0] != 9


@any_gpu("a GPU is newer than Hopper")
def has_newer_than_hopper(facts: Facts, gpu: Gpu) -> bool:
    return gpu.compute_capability[0] > 9


RULE = Rule(
    code="GC306",
    since="0.1.0",
    severity=Severity.ERROR,
    evidence=Evidence.SOURCE,
    read_in=("transformers 5.5.4, 5.6.0, 5.15.1, 5.16.0: integrations/moe.py",),
    effects=("crash-in-training",),
    scopes=(
        Scope(
            _TYPES,
            {"transformers": ">=5.5.0,<5.6.0", "torch": _HOPPER_ONLY},
            when=(has_other_than_hopper,),
        ),
        Scope(
            _TYPES,
            {"transformers": ">=5.5.0,<5.6.0", "torch": ">=2.9.0"},
            when=(is_without_bfloat16,),
        ),
        Scope(
            _TYPES,
            {"transformers": ">=5.6.0,<5.16.0", "torch": _HOPPER_ONLY},
            when=(has_newer_than_hopper,),
        ),
    ),
    when=(runs_grouped_mm,),
    fix=Fix(
        fixed_in={"transformers": "5.16.0"},
        setting="from_pretrained(..., experts_implementation='eager')",
    ),
    symptoms=(r"torch\._grouped_mm i[sn] only supported on CUDA devices with compute capability",),
    reports=("huggingface/transformers#45001", "huggingface/transformers#47999"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"transformers {facts.version('transformers')} gives the experts of this "
            f"{facts.model.model_type} to torch._grouped_mm, which torch {facts.version('torch')} "
            "refuses on a visible GPU"
        ),
    )
