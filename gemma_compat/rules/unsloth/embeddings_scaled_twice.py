"""Unsloth scales the embeddings of Gemma 1 and 2 a second time.

## What breaks
The inputs of the first layer are too large by the root of the hidden size (48 to 60 times), in
training and in generation. Nothing is raised or logged; the adapter that comes out fits no other
engine.

## Why
transformers 5.4 moved the factor from the model's forward into the embedding module. Unsloth's
fast forward (FastLanguageModel) replaces the model's forward and goes on multiplying by itself.
From 2026.9.12 on it asks the module first. Up to 2026.9 its pins allowed transformers 5.4 and 5.5.

## Cure
Upgrade Unsloth. `patch` refuses such a model with a `PatchRefused`, so that the run stops instead
of training it: setting the module's factor to 1 would make every saved copy wrong elsewhere.
"""

from __future__ import annotations

from typing import Any

from ...conditions.unsloth import uses_unsloth
from ...engine.condition import condition
from ...engine.rule import Applicability, Evidence, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchNotNeeded, PatchRefused
from ...facts import Facts
from ...live.upstream import scales_embeddings_twice

_CURE = "pip install -U 'unsloth>=2026.9.12' unsloth_zoo"


@condition("the model was loaded by FastLanguageModel, whose forward scales them again")
def is_scaled_twice(facts: Facts) -> bool:
    return facts.unsloth.scales_embeddings_twice


RULE = Rule(
    code="GC1105",
    since="0.1.0",
    severity=Severity.ERROR,
    evidence=Evidence.SOURCE,
    read_in=("unsloth 2026.9.11, 2026.9.12: unsloth/models/gemma.py, gemma2.py and llama.py",),
    effects=("wrong-loss", "wrong-gradients"),
    scopes=(
        Scope(
            {"gemma", "gemma2"},
            {"transformers": ">=5.4.0", "unsloth": "<2026.9.12"},
        ),
    ),
    when=(uses_unsloth, is_scaled_twice),
    fix=Fix(fixed_in={"unsloth": "2026.9.12", "unsloth-zoo": ""}),
    applicability=Applicability.SAFE,
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=f"unsloth {facts.version('unsloth')} multiplies the embeddings of this "
        f"{facts.model.model_type} by the root of the hidden size, and transformers "
        f"{facts.version('transformers')} has done so already",
        help=_CURE,
    )


def patch(model: Any, ledger: Any) -> None:
    """Stop the run: there is nothing here that could be put right for this run alone."""
    if not any(scales_embeddings_twice(found) for _, found in ledger.text_models()):
        raise PatchNotNeeded("its forward does not scale the embeddings a second time")
    raise PatchRefused(f"Unsloth's forward scales the embeddings a second time: {_CURE}")
