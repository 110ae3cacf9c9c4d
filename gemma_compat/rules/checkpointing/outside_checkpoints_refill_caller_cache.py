"""Checkpoint wrappers around the layers append to a filled cache twice.

## What breaks
The backward pass ends with `The size of tensor a (36) must match the size of tensor b (20)`: PEFT's
prefix tuning, or a loop that passes filled `past_key_values`, with layers inside torch's
`checkpoint_wrapper`, accelerate's or FSDP's. `use_cache=False` changes nothing: the cache is the
caller's.

## Why
A wrapper from outside recomputes the layer with the arguments it had, and the cache among them has
grown since. transformers' own checkpointing takes the cache away from the layers (GC204, GC205).

The confusion matrix (`make confusion`) found it on transformers 4.57.6 and 5.24.0.

## Cure
Take the wrappers off, or train LoRA in place of a prefix. `patch` does nothing here: the failure is
loud.
"""

from __future__ import annotations

from ...conditions.cache import gets_filled_cache
from ...conditions.checkpointing import checkpoints_from_outside
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES

RULE = Rule(
    code="GC207",
    since="0.1.0",
    severity=Severity.ERROR,
    evidence=Evidence.SOURCE,
    read_in=("torch 2.13.0: torch/distributed/algorithms/_checkpoint/checkpoint_wrapper.py",),
    effects=("crash-in-training",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}),),
    when=(
        gets_filled_cache,
        checkpoints_from_outside,
    ),
    fix=Fix(setting="take the checkpoint wrappers off, or train LoRA instead of a prefix"),
    symptoms=(r"The size of tensor a \(\d+\) must match the size of tensor b \(\d+\)",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"a checkpoint wrapper runs the layers of this {facts.model.model_type} twice, and the "
            "second time they append to the filled cache (a prefix?) again: the backward pass "
            "stops on two sizes"
        ),
    )
