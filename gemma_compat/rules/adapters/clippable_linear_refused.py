"""PEFT refuses a list of names that Gemma 4's towers have as well.

## What breaks
`ValueError: Target module Gemma4ClippableLinear(...) is not supported.` when the adapter is made,
with `target_modules=["q_proj", "v_proj"]` and every other list that works for Gemma 3. All
releases of PEFT up to 0.21.2 refuse it.

## Why
PEFT matches a name in a list by the end of a module's path, in every part of the model. The vision
and audio towers of Gemma 4 hold their projections in a `Gemma4ClippableLinear`, a module around
the linear layer that also limits its inputs and outputs. PEFT does not know that class.

## Cure
Give a regular expression that begins with the language model; the report prints it for the names at
hand. To adapt the towers too, name the inner layers as well (`q_proj.linear`), or use
`"all-linear"`. Unsloth adapts the inner layers by itself from 2026.4.1 on (GC1131). Do not replace
the wrappers by what is in them: the limits would be lost.
"""

from __future__ import annotations

from ...conditions.adapter import carries_adapter
from ...conditions.model import hears, sees
from ...conditions.run import trains_adapter
from ...conditions.unsloth import adapts_no_inner_linear
from ...engine.condition import all_of, any_of, condition, not_
from ...engine.rule import Problem, Rule, Scope, Severity
from ...facts import Facts
from ._targets import LAYER, suffixes

_WRAPPED = {*LAYER, "post", "ffw_layer_1", "ffw_layer_2", "linear_start", "linear_end"}


_OF_VISION = set(LAYER)


@condition("target_modules lists names of the vision tower")
def names_vision_layers(facts: Facts) -> bool:
    return not _OF_VISION.isdisjoint(suffixes(facts))


@condition("target_modules lists names of the audio tower")
def names_audio_layers(facts: Facts) -> bool:
    return not _WRAPPED.isdisjoint(suffixes(facts))


names_wrapped_layers = all_of(
    not_(carries_adapter, "the model carries no adapter yet"),
    any_of(all_of(sees, names_vision_layers), all_of(hears, names_audio_layers)),
    phrase="target_modules lists names that a tower of the model has as well",
)


RULE = Rule(
    code="GC701",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("adapter-refused",),
    scopes=(Scope({"gemma4"}, {"transformers": ">=5.5.0.dev0"}),),
    when=(names_wrapped_layers, adapts_no_inner_linear),
    runs=(trains_adapter,),
    symptoms=(r"Target module Gemma4ClippableLinear\(",),
    reports=("huggingface/peft#3129", "huggingface/peft#3130", "huggingface/transformers#45388"),
)


def _hit(facts: Facts) -> list[str]:
    known = {"vision": _OF_VISION, "audio": _WRAPPED}
    hit = set().union(*(known[tower] for tower in facts.model.towers))
    return [name for name in suffixes(facts) if name in hit]


def describe(facts: Facts) -> Problem:
    hit = _hit(facts)
    wanted = "|".join(name for name in suffixes(facts) if name in LAYER) or "q_proj|v_proj"
    return Problem(
        message=(
            f"target_modules lists {', '.join(hit)}, which the {' and '.join(facts.model.towers)} "
            f"tower of this {facts.model.model_type} has as well, in a Gemma4ClippableLinear: PEFT "
            "refuses it when the adapter is made"
        ),
        help=rf"target_modules=r'^(?:.*\.)?language_model\..*\.(?:{wanted})$'",
    )
