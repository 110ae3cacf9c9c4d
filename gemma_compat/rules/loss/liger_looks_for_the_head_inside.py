"""Liger reads the head of a multimodal Gemma 3 in its former place.

## What breaks
`AttributeError: 'Gemma3TextModel' object has no attribute 'lm_head'`, raised in liger's
`multimodal_forward`, in the first step with labels.

## Why
liger-kernel 0.5.7 to 0.6.0 computes the loss with `self.language_model.lm_head`. transformers 4.52
moved the head to the outer class; liger-kernel 0.6.1 reads `self.lm_head`.

## Cure
Upgrade liger-kernel to 0.6.1 or newer, or train without it (`use_liger_kernel=False`).
"""

from __future__ import annotations

from ...conditions.run import uses_liger
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

RULE = Rule(
    code="GC503",
    since="0.1.0",
    severity=Severity.ERROR,
    evidence=Evidence.SOURCE,
    effects=("crash-in-training",),
    scopes=(
        Scope({"gemma3"}, {"liger-kernel": ">=0.5.7,<0.6.1", "transformers": ">=4.52.0.dev0"}),
    ),
    when=(uses_liger,),
    fix=Fix(fixed_in={"liger-kernel": "0.6.1"}, setting="use_liger_kernel=False"),
    symptoms=(r"'Gemma3TextModel' object has no attribute 'lm_head'",),
    read_in=(
        "liger-kernel 0.5.7, 0.6.0, 0.6.1: liger_kernel/transformers/model/gemma3.py",
        "transformers 4.51.3, 4.52.4: models/gemma3/modeling_gemma3.py",
    ),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"liger-kernel {facts.version('liger-kernel')} looks for lm_head inside "
            f"language_model, "
            f"where transformers {facts.version('transformers')} has it no more"
        ),
    )
