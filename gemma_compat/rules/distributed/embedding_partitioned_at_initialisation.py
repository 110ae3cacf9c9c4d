"""ZeRO-3 partitions the embeddings before their padding row is zeroed.

## What breaks
Loading ends in `_init_weights` with `index 0 is out of bounds for dimension 0 with size 0`.

## Why
Under ZeRO-3 a parameter that lives on other ranks has size 0 here. Where an embedding is not
found in the checkpoint, or is made anew, transformers sets the row of its padding token to zero,
which is not there. Reported for Gemma 3 on transformers 4.57 and for Gemma 4; DeepSpeed was not
run here.

## Cure
Load the model before the DeepSpeed configuration is made (`HfDeepSpeedConfig`), or train under
ZeRO-2; with a checkpoint that lacks the embeddings, find out why first
(`output_loading_info=True`).
"""

from __future__ import annotations

from ...engine.rule import Applicability, Evidence, Problem, Rule, Scope, Severity
from ...facts import Facts


def describe(facts: Facts) -> Problem:
    raise NotImplementedError  # never judged


RULE = Rule(
    code="GC1003",
    name="embedding-partitioned-at-initialisation",
    severity=Severity.ERROR,
    applicability=Applicability.DISPLAY_ONLY,
    scopes=(Scope(frozenset({"gemma3", "gemma3_text", "gemma3n", "gemma4", "gemma4_text"}), {}),),
    describe=describe,
    undetectable="which embeddings the loading run makes anew on a rank that holds none of them",
    symptoms=(r"index 0 is out of bounds for dimension 0 with size 0",),
    upstream=("huggingface/transformers#41762", "huggingface/transformers#43596"),
    evidence=Evidence.REPORTED,
    covers=("F22",),
    since="0.1.0",
)
