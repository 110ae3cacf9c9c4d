"""Checkpointing is asked of a tower that has no layers for it.

## What breaks
`Gemma4AudioModel is not compatible with gradient checkpointing`, when a script turns checkpointing
on for each tower by itself.

## Why
No layer of Gemma 4's audio tower can be checkpointed, and the method refuses where it finds none.
Called on the whole model it passes: with transformers 5.5.0, 5.5.4, 5.6.0 and 5.23.0 the layers
of the language model and of the vision tower were on, and the audio tower was left out.

## Cure
Call `model.gradient_checkpointing_enable()` on the whole model, or on `model.model.language_model`
alone, and not on the audio tower.
"""

from __future__ import annotations

from ...engine.rule import Applicability, Evidence, Problem, Rule, Scope, Severity
from ...facts import Facts


def describe(facts: Facts) -> Problem:
    raise NotImplementedError  # never judged


RULE = Rule(
    code="GC206",
    name="tower-without-checkpointing",
    severity=Severity.ERROR,
    applicability=Applicability.DISPLAY_ONLY,
    scopes=(Scope(frozenset({"gemma4"}), {}),),
    describe=describe,
    undetectable="on which module the script calls gradient_checkpointing_enable",
    symptoms=(r"Gemma4AudioModel is not compatible with gradient checkpointing",),
    upstream=("modelscope/ms-swift#9121",),
    evidence=Evidence.REPORTED,
    covers=("F33",),
    since="0.1.0",
)
