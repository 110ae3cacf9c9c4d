"""Compiled by torch, a RecurrentGemma leaves out the normalisation of its recurrence's input.

## What breaks
Nothing is raised. Under `torch.compile` (or `torch_compile=True` of the Trainer) the input of each
recurrence is not scaled by what it forgets, so that loss and gradients are those of another
network than the one that was pretrained, and than the one that runs uncompiled.

## Why
The scale is the square root of one minus the square of the gate, by an autograd function.
transformers takes 1 in its place while the model is traced, and computes it always from 5.0.0 on
(its last candidate is 5.0.0rc3).

## Cure
Upgrade to transformers 5.0.0 or newer, or train without `torch.compile`. `patch` does nothing.
"""

from __future__ import annotations

from ...conditions.run import compiles
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

RULE = Rule(
    code="GC1301",
    since="0.3.0",
    severity=Severity.ERROR,
    effects=("wrong-loss", "wrong-gradients"),
    scopes=(Scope({"recurrent_gemma"}, {"transformers": "<5.0.0rc4"}),),
    when=(compiles,),
    fix=Fix(fixed_in={"transformers": "5.0.0"}, setting="torch_compile=False"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"on transformers {facts.version('transformers')} a compiled recurrent_gemma leaves "
            "out the normalisation of its recurrence's input, and trains another network"
        ),
    )
