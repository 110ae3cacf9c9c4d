"""Generating in the middle of training fails on a mask of another shape.

## What breaks
GRPO and other trainers that generate end with `output with shape [8, 1, 1, 1] doesn't match the
broadcast shape [8, 1, 1, 57]` on transformers 4.5x, as reported. A plain `generate()` of a model in
training mode did not show it here, on five releases from 4.50.3 to 4.57.6.

## Why
Before 5.0 a model in training mode built no cache, so a mask made for one new token met keys of the
whole text. transformers 5.0 builds the cache in training mode too.

## Cure
Call `model.eval()` around generation, turn gradient checkpointing off for it, or upgrade to
transformers 5.0.0 or newer.
"""

from __future__ import annotations

from ...engine.rule import Applicability, Evidence, Problem, Rule, Scope, Severity
from ...facts import Facts


def describe(facts: Facts) -> Problem:
    raise NotImplementedError  # never judged


RULE = Rule(
    code="GC808",
    name="generation-mask-of-another-shape",
    severity=Severity.ERROR,
    applicability=Applicability.DISPLAY_ONLY,
    scopes=(Scope(frozenset({"gemma3n", "gemma3n_text", "gemma3", "gemma2", "gemma3_text"}), {}),),
    describe=describe,
    undetectable="in which mode a trainer generates",
    symptoms=(r"output with shape \[\d+, \d+, 1, 1\] doesn't match the broadcast shape",),
    upstream=("huggingface/trl#4593",),
    evidence=Evidence.REPORTED,
    covers=("F35",),
    since="0.1.0",
)
