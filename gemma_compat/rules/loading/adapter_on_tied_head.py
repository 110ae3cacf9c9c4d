"""A LoRA adapter on tied embeddings gives another network when it is merged.

## What breaks
The adapter trains well, and the merged model is another one: on tiny models the loss goes from
5.80 to 6.20. PEFT warns when the adapter is made; nothing is said at the merge.

## Why
Every Gemma uses one tensor as input embeddings and as output layer. LoRA on `lm_head`, or on
`embed_tokens`, adds its product to one of the two uses only. `merge_and_unload` adds it to the
tensor, and so to both.

## Cure
Leave `lm_head` and `embed_tokens` out of `target_modules` (`all-linear` does). To train new tokens,
use `trainable_token_indices`, which handles tied weights, or keep the adapter unmerged.
"""

from __future__ import annotations

from ...conditions.adapter import has_adapter
from ...conditions.model import config_says_tied, is_live
from ...conditions.run import trains_adapter
from ...engine.condition import NO, any_of, choose, condition, first_known
from ...engine.rule import Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES
from ..adapters._targets import ends_of, names

_TIED = ("lm_head", "embed_tokens")


@condition("the model has LoRA layers")
def has_lora_layers(facts: Facts) -> bool:
    return bool(facts.model.adapted_modules)


@condition("LoRA layers of the model sit on lm_head or embed_tokens")
def has_adapted_tied_weights(facts: Facts) -> bool:
    return bool(ends_of(_TIED, facts.model.adapted_modules))


@condition("target_modules lists lm_head or embed_tokens")
def targets_tied_weights(facts: Facts) -> bool:
    return bool(ends_of(_TIED, names(facts.adapter.target_modules)))


is_adapted_already = any_of(first_known(has_lora_layers, NO), first_known(has_adapter, NO))


adapts_tied_weights = choose(
    is_adapted_already,
    then=first_known(has_adapted_tied_weights, NO),
    otherwise=targets_tied_weights,
    phrase="LoRA layers sit on lm_head or embed_tokens",
)


@condition("the output layer holds the tensor of the input embeddings")
def lm_head_is_tied(facts: Facts) -> bool:
    return facts.model.lm_head_is_tied


head_is_tied = choose(
    is_live,
    then=lm_head_is_tied,
    otherwise=config_says_tied,
    phrase="the output layer is the input embeddings",
)


RULE = Rule(
    code="GC611",
    since="0.1.0",
    severity=Severity.WARNING,
    effects=("wrong-weights-saved",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}),),
    when=(adapts_tied_weights, head_is_tied),
    runs=(trains_adapter,),
)


def _adapted(facts: Facts) -> list[str]:
    """Return which of the two carry a LoRA layer, or are going to."""
    if is_adapted_already.is_known_to_hold(facts):
        return ends_of(_TIED, facts.model.adapted_modules)
    return ends_of(_TIED, names(facts.adapter.target_modules))


def describe(facts: Facts) -> Problem:
    found = " and ".join(_adapted(facts))
    return Problem(
        message=(
            f"LoRA on {found} of this {facts.model.model_type}, whose output layer is its input "
            "embeddings: merging changes both uses where the adapter changed one, so the merged "
            "model is another network"
        ),
        help=(
            f"leave {found} out of target_modules (trainable_token_indices trains new tokens), or "
            "keep the adapter unmerged"
        ),
    )
