"""Weights loaded from GGUF are left in their blocks, and cannot be trained.

## What breaks
A Trainer refuses the model, and an adapter on it has nothing to backpropagate through.

## Why
Newer releases of transformers 5 leave what `gguf_file=` names in its blocks; up to 5.12 it was
unpacked. A quantizer that says `is_trainable = False` is refused by the Trainer. Read in the source
of 5.12.1, 5.23.0 and 5.24.0; not run here.

## Cure
`GgufConfig(dequantize=True)`. Better still, train the original checkpoint: what was rounded for
GGUF stays rounded. `patch` does nothing here.
"""

from __future__ import annotations

from ...conditions.model import is_gguf
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES

RULE = Rule(
    code="GC620",
    since="0.1.0",
    severity=Severity.ERROR,
    evidence=Evidence.SOURCE,
    read_in=("transformers 5.23.0, 5.24.0: quantizers/quantizer_gguf.py, which 5.12.1 has not",),
    effects=("crash-in-training",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}),),
    when=(is_gguf,),
    fix=Fix(setting="from_pretrained(..., quantization_config=GgufConfig(dequantize=True))"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"the weights of this {facts.model.model_type} are left in GGUF blocks, "
            "which nothing can train"
        ),
    )
