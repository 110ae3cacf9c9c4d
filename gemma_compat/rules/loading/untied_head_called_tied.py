"""An output layer of its own, in a model whose config still calls it tied, is lost at loading.

## What breaks
The model trains, evaluates and saves its own `lm_head.weight`. Whoever loads it by its config,
which says `tie_word_embeddings: true`, puts the embeddings in its place: transformers up to 4.57
does, and so do vLLM and the converters to GGUF. Nothing is raised. transformers 5 keeps the saved
one, and still writes `true`.

## Why
Every Gemma ties its output layer to the embeddings. `modules_to_save=["lm_head"]`, or a new
parameter in its place, gives it weights of its own; the config is not told. PEFT 0.21 writes
`false` on merging, 0.15 does not, and for a multimodal Gemma only into the top-level config.

## Cure
Before saving, `model.config.tie_word_embeddings = False`, and the same on
`model.config.text_config` where there is one. `patch(model, select=["GC607"])` does so. This is
meant to be saved, and changes what is: that is why it asks for consent. Or do not train `lm_head`.
"""

from __future__ import annotations

from typing import Any

from ...conditions.model import config_says_tied, is_live
from ...engine.condition import choose, condition
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchNotNeeded, PatchTargetMissing
from ...facts import Facts
from ...live.tree import named_configs, text_models
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
    phrase="the output layer has weights of its own (modules_to_save=['lm_head'])",
)


RULE = Rule(
    code="GC607",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("wrong-weights-saved",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}),),
    when=(head_is_its_own, config_says_tied),
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
            f"the output layer of this {facts.model.model_type} has weights of its own, and its "
            "config says tie_word_embeddings=True: transformers 4, vLLM and GGUF converters "
            "replace them by the embeddings"
        ),
    )


def patch(model: Any, ledger: Any) -> None:
    """Say ``tie_word_embeddings=False`` in every config that has the field. This is saved."""
    head = model.get_output_embeddings()
    found = text_models(model)
    if head is None or not found:
        raise PatchTargetMissing("the model has no output layer, or no embeddings")
    if head.weight is found[0][1].embed_tokens.weight:
        raise PatchNotNeeded("the output layer is the embeddings")
    for _, config in named_configs(model):
        if "tie_word_embeddings" in vars(config):
            ledger.set_attribute(config, "tie_word_embeddings", False)
