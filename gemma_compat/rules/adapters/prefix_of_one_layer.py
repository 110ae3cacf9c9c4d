"""Prefix tuning of Gemma 2 and Gemma 3 reads the prefix of one layer as that of all layers.

## What breaks
The first forward pass ends with `IndexError: index 2 is out of bounds for dimension 0 with size
2` in PEFT's `get_prompt`.

## Why
For these models PEFT fills a cache layer by layer. It has one tensor for each layer, with keys
and values in its first dimension, and reads the layer's number from that dimension. The
multimodal models take another way and work. PEFT 0.15.2 has no such branch (but fails on the
multimodal ones, which have no `vocab_size`); 0.20.0 reads it right.

The confusion matrix (`make confusion`) found it: its cells of transformers 4.57.6 had no
reference.

## Cure
Upgrade PEFT to 0.20.0 or newer, or train LoRA in place of a prefix. `patch` does nothing here.
"""

from __future__ import annotations

from ...conditions.cache import tunes_prefix
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

RULE = Rule(
    code="GC708",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("crash-in-training",),
    scopes=(Scope({"gemma2", "gemma3_text", "shieldgemma2"}, {"peft": ">=0.16.0,<0.20.0"}),),
    when=(tunes_prefix,),
    fix=Fix(fixed_in={"peft": "0.20.0"}, setting="train LoRA in place of a prefix"),
    symptoms=(r"index 2 is out of bounds for dimension 0 with size 2",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"prefix tuning by PEFT {facts.version('peft')} takes the prefix of one layer of a "
            f"{facts.model.model_type} for that of all: the first forward pass stops on an index"
        ),
    )
