"""An EmbeddingGemma attends causally, so every token but the last sees half of the text.

## What breaks
Nothing is raised. A config with `use_bidirectional_attention: true`, as EmbeddingGemma has, is
loaded and its switch ignored: in tiny models the state of a token did not change at all when a
later one did, and from 4.57 it does. With the switch set on the published Gemma 3 270M, the states
of earlier words do not move on 4.50.3 if the last word changes, and by 15% of the largest on
5.24.0. Embeddings are wrong, and a fine-tune trains another network than the one that was
published.

## Why
The class is that of Gemma 3's text model, which exists since 4.50 and keeps config fields that it
does not know. transformers 4.57.0 is the first release that reads this one.

## Cure
Upgrade to transformers 4.57.0 or newer, and train anew what was trained before. Nothing is
patched: older releases have no such mask.
"""

from __future__ import annotations

from ...engine.condition import condition
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts


@condition("the config asks for attention in both directions (use_bidirectional_attention)")
def is_bidirectional(facts: Facts) -> bool:
    return facts.model.use_bidirectional_attention is True


RULE = Rule(
    code="GC802",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("wrong-attention",),
    scopes=(Scope({"gemma3_text"}, {"transformers": "<4.57.0"}),),
    when=(is_bidirectional,),
    fix=Fix(fixed_in={"transformers": "4.57.0"}),
    reports=("huggingface/sentence-transformers#3725", "huggingface/sentence-transformers#3513"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"transformers {facts.version('transformers')} does not read "
            f"use_bidirectional_attention: this {facts.model.model_type} attends causally, "
            "silently, and its embeddings are wrong"
        ),
    )
