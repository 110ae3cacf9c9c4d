"""An untied output layer, in a model whose config still calls it tied, is lost at loading.

## What breaks
The model trains, evaluates and saves its own `lm_head.weight`. Whoever loads it by its config,
which says `tie_word_embeddings: true`, puts the embeddings in its place: transformers up to 4.57
does, and so do vLLM and the converters to GGUF. Nothing is raised. transformers 5 keeps the saved
one, and still writes `true`.

## Why
Every Gemma ties its output layer to the embeddings. `modules_to_save=["lm_head"]`, or a new
parameter in its place, gives it separate weights, and the config stays as it is. PEFT writes
`false` on merging from 0.19.0 on, but into the top-level config only: that is enough for a text
model and on transformers 5, not for a multimodal Gemma on transformers 4.

## Cure
Before saving, `model.config.tie_word_embeddings = False`, and the same on
`model.config.text_config` where there is one. `patch(model, select=["GC607"])` does so. This is
meant to be saved, and changes what is: that is why it asks for consent. Or do not train `lm_head`.
"""

from __future__ import annotations

from typing import Any

from ...conditions.adapter import has_adapter
from ...conditions.model import config_says_tied, is_live
from ...engine.condition import NO, all_of, any_of, choose, condition, first_known, not_
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchNotNeeded, PatchTargetMissing
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES


@condition("the output layer holds another tensor than the input embeddings")
def lm_head_is_untied(facts: Facts) -> bool:
    return not facts.model.lm_head_is_tied


@condition("modules_to_save names lm_head")
def saves_lm_head(facts: Facts) -> bool:
    return "lm_head" in facts.adapter.modules_to_save


head_is_its_own = choose(
    is_live,
    then=lm_head_is_untied,
    otherwise=saves_lm_head,
    phrase="the output layer has separate weights (modules_to_save=['lm_head'])",
)


@condition("PEFT is 0.19.0 or newer")
def has_peft_that_writes_it(facts: Facts) -> bool:
    return facts.has_release("peft", ">=0.19.0")


@condition("the config has a text_config with a separate field")
def is_composite(facts: Facts) -> bool:
    return facts.model.composite


@condition("transformers is older than 5")
def is_transformers_4(facts: Facts) -> bool:
    return facts.has_release("transformers", "<5.0.0.dev0")


# On merging, into the top-level config only, which is all that transformers 5 reads.
peft_writes_it = all_of(
    any_of(not_(first_known(is_live, NO), "it is not loaded"), first_known(has_adapter, NO)),
    has_peft_that_writes_it,
    not_(all_of(is_composite, is_transformers_4), "the top-level config is all that is read"),
)
is_not_written_by_peft = not_(peft_writes_it, "PEFT does not write false on merging")


# An encoder-decoder says of each half whether it is tied, and its output layer is built apart.
_WITH_A_HEAD = frozenset(KNOWN_MODEL_TYPES) - {"t5gemma", "t5gemma2"}


RULE = Rule(
    code="GC607",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("wrong-weights-saved",),
    scopes=(Scope(_WITH_A_HEAD, {}),),
    when=(head_is_its_own, config_says_tied, is_not_written_by_peft),
    fix=Fix(
        setting=(
            "before saving: model.config.tie_word_embeddings = False (and on "
            "model.config.text_config)"
        )
    ),
    applicability=Applicability.UNSAFE,
    reports=("huggingface/transformers#45127", "huggingface/peft#2972"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"the output layer of this {facts.model.model_type} has separate weights, and its "
            "config says tie_word_embeddings=True: transformers 4, vLLM and GGUF converters "
            "replace them by the embeddings"
        ),
    )


def patch(model: Any, ledger: Any) -> None:
    """Say ``tie_word_embeddings=False`` in every config that has the field. This is saved."""
    head = model.get_output_embeddings()
    found = ledger.text_models()
    if head is None or not found:
        raise PatchTargetMissing("the model has no output layer, or no embeddings")
    if head.weight is found[0][1].embed_tokens.weight:
        raise PatchNotNeeded("the output layer is the embeddings")
    for _, config in ledger.configs():
        if "tie_word_embeddings" in vars(config):
            ledger.set_attribute(config, "tie_word_embeddings", False)
