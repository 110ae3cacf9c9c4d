"""A PaliGemma that is trained without token types sees the tokens it is to predict.

## What breaks
Nothing is raised: the loss falls to nearly 0 and the model that comes out cannot generate. Of a
tiny model that was trained on random tokens, which cannot be predicted, the loss was 0.02 after 300
steps; with token types of text it stayed at 5.3, the entropy of the data. The loss of an
evaluation is as wrong.

## Why
PaliGemma's prefix (image and prompt) is attended to both ways, and token types say where the
prefix ends: 0 for it, 1 for what is to be predicted. Up to transformers 4.57.6 a batch without
them is all prefix, labels or not: every token sees its future. The processor makes token types
where it is given `suffix=`, and labels with them. Labels that a collator makes, and rows of text
from a tokenizer, come without. transformers 5 refuses such a batch in training up to 5.8.1
(GC801); from 5.9.0 on it is attended to causally.

## Cure
Give the processor `suffix=`, or have the collator pass `token_type_ids`: 0 for image and prompt, 1
from the first token that has a label on, all 1 for plain text. Or upgrade to transformers 5.9.0.
What was trained this way is to be trained again. Nothing is patched: which tokens are the prefix
is in the data.
"""

from __future__ import annotations

from ...conditions.run import lacks_token_types
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

RULE = Rule(
    code="GC809",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("wrong-attention", "nothing-learned"),
    scopes=(Scope({"paligemma"}, {"transformers": "<5.0.0rc0"}),),
    when=(lacks_token_types,),
    fix=Fix(
        setting=(
            "processor(..., suffix=...), or batch['token_type_ids'] with 0 for image and "
            "prompt and 1 for what has labels"
        )
    ),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"on transformers {facts.version('transformers')} a {facts.model.model_type} takes a "
            "batch without token_type_ids for one prefix: each token sees the tokens behind it, "
            "labels too, and the loss falls to 0 without anything being learned"
        ),
    )
