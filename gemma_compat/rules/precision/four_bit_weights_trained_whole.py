"""A model of 4 bits is to be trained whole.

## What breaks
The Trainer ends with `ValueError: You cannot perform fine-tuning on purely quantized models. Please
attach trainable adapters`. A loop of your own trains the norms and embeddings and leaves every
linear layer as it was, silently.

## Why
bitsandbytes keeps 4-bit weights as packed integers, which have no gradient. This was read in the
source of the releases, and not run here.

## Cure
Train an adapter on it (QLoRA), or load the weights in 16 or 32 bits for full fine-tuning. `patch`
does nothing here.
"""

from __future__ import annotations

from ...conditions.run import is_four_bit, trains_every_weight
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES

RULE = Rule(
    code="GC408",
    since="0.1.0",
    severity=Severity.ERROR,
    evidence=Evidence.SOURCE,
    read_in=(
        "transformers 4.38.0 to 5.24.0: trainer.py, Trainer.__init__, later trainer_utils.py",
    ),
    effects=("crash-in-training",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}),),
    when=(
        is_four_bit,
        trains_every_weight,
    ),
    fix=Fix(setting="train an adapter (peft_config=LoraConfig(...)), or load without load_in_4bit"),
    symptoms=(r"You cannot perform fine-tuning on purely quantized models",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"this {facts.model.model_type} is quantized to 4 bits and no adapter is put on it: "
            "weights of 4 bits cannot be trained"
        ),
    )
