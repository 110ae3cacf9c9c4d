"""An adapter on the input embeddings leaves out their scale.

## What breaks
Nothing is raised. With LoRA on `embed_tokens` the change that is trained counts for
`1 / sqrt(hidden_size)` of what it should (1/8 on a tiny model of hidden size 64, 1/51 on a 4B), and
merging the adapter gives another network. With `trainable_token_indices` it is worse: the rows of
all tokens lose the scale as soon as the adapter is made, before any training.

## Why
Gemma 3 and Gemma 3n multiply what they look up by `sqrt(hidden_size)` inside the embedding module.
PEFT before 0.18 looks its own rows up with a plain embedding and adds them, or puts them in place
of the module's own, unmultiplied.

## Cure
Update PEFT to 0.18 or newer, and train again: an adapter that was trained without the scale is
another one with it.
"""

from __future__ import annotations

from ...conditions.adapter import carries_adapter
from ...conditions.run import trains_adapter
from ...engine.condition import any_of, choose, condition
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts
from ._targets import names


@condition("LoRA is on embed_tokens")
def has_adapted_embeddings(facts: Facts) -> bool:
    return _names_embeddings(facts.model.adapted_modules)


@condition("target_modules lists embed_tokens")
def targets_embeddings(facts: Facts) -> bool:
    return _names_embeddings(names(facts.adapter.target_modules))


@condition("the adapter trains single tokens (trainable_token_indices)")
def trains_tokens(facts: Facts) -> bool:
    return facts.adapter.trains_tokens


on_embeddings = choose(carries_adapter, then=has_adapted_embeddings, otherwise=targets_embeddings)


adapts_embeddings = any_of(
    on_embeddings,
    trains_tokens,
    phrase="the adapter is on embed_tokens, or trains single tokens (trainable_token_indices)",
)


def _names_embeddings(paths: tuple[str, ...]) -> bool:
    return any(path.split(".")[-1] == "embed_tokens" for path in paths)


RULE = Rule(
    code="GC705",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("wrong-gradients",),
    scopes=(
        Scope(
            {"gemma3", "gemma3_text", "gemma3n", "gemma3n_text"},
            {"peft": "<0.18.0rc0"},
        ),
    ),
    when=(adapts_embeddings,),
    runs=(trains_adapter,),
    fix=Fix(fixed_in={"peft": "0.18.0"}, then="train the adapter again"),
    reports=("huggingface/peft#2809",),
    fixed_by=("huggingface/peft#2825",),
)


def describe(facts: Facts) -> Problem:
    what = "trainable_token_indices takes the scale from the embeddings of every token"
    if on_embeddings.is_known_to_hold(facts):
        what = "what LoRA on embed_tokens adds is not multiplied by the scale of the embeddings"
    return Problem(
        message=f"PEFT {facts.version('peft')} with {facts.model.model_type}: {what}",
    )
