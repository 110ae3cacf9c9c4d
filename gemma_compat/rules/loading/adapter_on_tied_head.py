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

from ...conditions.runs import trains_adapter
from ...engine.rule import Applicability, Problem, Rule, Scope, Severity, condition
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES

_TIED = ("lm_head", "embed_tokens")


@condition("LoRA layers sit on lm_head or embed_tokens")
def adapts_tied_weights(facts: Facts) -> bool:
    return bool(_adapted(facts))


@condition("the output layer is the input embeddings")
def head_is_tied(facts: Facts) -> bool:
    return facts.model.lm_head_is_tied if facts.model.live else facts.model.tie_word_embeddings


def _adapted(facts: Facts) -> list[str]:
    """Which of the two carry a LoRA layer, or are going to."""
    paths = facts.model.get("adapted_modules") or ()
    if not paths and not (facts.model.known("peft") and facts.model.peft):
        named = facts.adapter.target_modules
        paths = named if isinstance(named, tuple) else ()
    return [name for name in _TIED if any(path.split(".")[-1] == name for path in paths)]


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


RULE = Rule(
    code="GC611",
    name="adapter-on-tied-head",
    severity=Severity.WARNING,
    applicability=Applicability.DISPLAY_ONLY,
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}),),
    when=(adapts_tied_weights, head_is_tied),
    describe=describe,
    runs=(trains_adapter,),
    silent=True,
    covers=("F30",),
    since="0.1.0",
)
