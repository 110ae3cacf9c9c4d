"""A multimodal checkpoint in a text-only class gives random weights.

## What breaks
`Gemma3ForCausalLM.from_pretrained("google/gemma-3-4b-it")`, and `Gemma4ForCausalLM` likewise, give
a model in which every weight is random. Nothing is raised: a table in the log calls each key
`MISSING` and `UNEXPECTED`. The loss starts near 12.5, the logarithm of 262,144 tokens, and an
adapter that is trained on it is worthless. transformers 5.24.0 still does it.

## Why
The checkpoint keeps its text model under `language_model`. transformers 4.50 to 4.57 let the text
class look there; from 5.0 it looks under `model` only, and no conversion leads from the one to the
other. `AutoModelForCausalLM` is not hit: it builds the multimodal class.

## Cure
Load it with `AutoModelForImageTextToText` or `AutoModelForCausalLM`, or tell the text class where
to look: for a Gemma 3 `key_mapping={"^language_model.model": "model"}`, for a Gemma 4
`key_mapping={"^model.language_model": "model"}`. On transformers 4 leave the mapping away: there it
is what makes the weights random. Nothing can be done once the model is loaded.
"""

from __future__ import annotations

import re

from ...conditions.model import is_live, was_loaded, weights_are_fresh
from ...engine.condition import YES, all_of, any_of, condition, first_known, not_
from ...engine.rule import Problem, Rule, Scope, Severity
from ...facts import Facts

_NESTED = re.compile(r"(model\.)?language_model\.")


@condition("the checkpoint keeps its text model under language_model, as multimodal ones do")
def nests_the_text_model(facts: Facts) -> bool:
    return any(_NESTED.match(name) for name in facts.checkpoint.names)


checkpoint_is_multimodal = all_of(
    first_known(was_loaded, YES), nests_the_text_model, phrase=nests_the_text_model.phrase
)


# A text config beside such weights: loading it would leave every norm as it was initialised.
nothing_arrived = any_of(
    not_(is_live, "the model is a config file"),
    weights_are_fresh,
    phrase="none of its weights arrived in the model (every norm is as it was initialised)",
)


RULE = Rule(
    code="GC602",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("random-weights",),
    scopes=(
        Scope({"gemma3_text"}, {"transformers": ">=5.0.0rc0"}),
        Scope({"gemma4_text"}, {"transformers": ">=5.5.0"}),
    ),
    when=(checkpoint_is_multimodal, nothing_arrived),
    symptoms=(
        r"\blanguage_model\.[^|\n]{1,100}\|[^|\n]{0,12}UNEXPECTED",
        r"This checkpoint seem corrupted. The tied weights mapping for this model specifies to tie",
    ),
    reports=("huggingface/transformers#45953",),
    fixed_by=("unslothai/unsloth#5816",),
)


def describe(facts: Facts) -> Problem:
    prefix = "model.language_model" if facts.model.model_type == "gemma4_text" else ""
    prefix = prefix or "language_model.model"
    return Problem(
        message=(
            f"this {facts.model.model_type} has random weights: its checkpoint keeps the text "
            f"model under {prefix}, where the text class of transformers "
            f"{facts.version('transformers')} does not look"
        ),
        help=(
            "load it with AutoModelForImageTextToText, or "
            f"from_pretrained(..., key_mapping={{'^{prefix}': 'model'}})"
        ),
    )
