"""The tensors of an adapter have names that this release gives to no module.

## What breaks
PEFT warns `Found missing adapter keys while loading the checkpoint` and goes on: the layers whose
tensors were not found keep the zeros that a new adapter begins with, so that the adapter is lost
in whole, or in the vision tower alone. An adapter that was trained on does not start where it
ended.

## Why
The modules of multimodal Gemmas were renamed twice: transformers 4.52 moved `language_model` and
`vision_tower` under `model`, and 5.6 took `vision_model` out of the path of the tower. Newer
releases translate what older ones wrote, by a table of transformers that PEFT reads: from PEFT
0.16 on for the first change, though not on transformers 5.4 and 5.5, nor after them with PEFT
before 0.19; from PEFT 0.20 on for the second. No release translates what a newer one wrote.

## Cure
Load the adapter with the release of transformers that it was trained with, or with 5.6 or newer
and PEFT 0.20 or newer, which read all three layouts. Then look for the warning.
"""

from __future__ import annotations

from ... import versions
from ...conditions.run import trains_adapter
from ...engine.condition import condition
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

_TYPES = frozenset({"gemma3", "paligemma"})


_BEFORE_4_52 = "base_model.model.language_model.model."


_FROM_4_52 = "base_model.model.model."


_DEEP_TOWER = "base_model.model.model.vision_tower.vision_model."


_FLAT_TOWER = "base_model.model.model.vision_tower.encoder."


@condition("the adapter's tensors are named as before transformers 4.52")
def is_older(facts: Facts) -> bool:
    return _begins(facts, _BEFORE_4_52)


@condition("the adapter's tensors are named as from transformers 4.52 on")
def is_newer(facts: Facts) -> bool:
    return _begins(facts, _FROM_4_52)


@condition("the adapter's tensors of the vision tower are named as in transformers 4.52 to 5.5")
def has_deep_tower(facts: Facts) -> bool:
    return _begins(facts, _DEEP_TOWER)


@condition("the adapter's tensors of the vision tower are named as from transformers 5.6 on")
def has_flat_tower(facts: Facts) -> bool:
    return _begins(facts, _FLAT_TOWER)


def _begins(facts: Facts, start: str) -> bool:
    return any(name.startswith(start) for name in facts.adapter.names)


_OF_TOWER = "what it holds for the vision tower, at least, is lost on loading"


RULE = Rule(
    code="GC702",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("nothing-learned", "random-weights"),
    scopes=(
        Scope(_TYPES, {"transformers": "<4.52.0.dev0"}, when=(is_newer,)),
        Scope(_TYPES, {"transformers": ">=4.52.0.dev0", "peft": "<0.16.0"}, when=(is_older,)),
        Scope(_TYPES, {"transformers": ">=5.4.0.dev0,<5.6.0.dev0"}, when=(is_older,)),
        Scope(_TYPES, {"transformers": ">=5.6.0.dev0", "peft": "<0.19.0"}, when=(is_older,)),
        Scope(_TYPES, {"transformers": ">=5.6.0.dev0", "peft": "<0.20.0"}, when=(has_deep_tower,)),
        Scope(_TYPES, {"transformers": "<5.6.0.dev0"}, when=(has_flat_tower,)),
    ),
    runs=(trains_adapter,),
    fix=Fix(fixed_in={"transformers": "5.6.0", "peft": "0.20.0"}),
    symptoms=(r"Found missing adapter keys while loading the checkpoint",),
    reports=(
        "huggingface/transformers#38627",
        "huggingface/transformers#38927",
        "huggingface/peft#2574",
    ),
)


def describe(facts: Facts) -> Problem:
    release = facts.version("transformers")
    layout, lost = "as before transformers 4.52", "the adapter is lost on loading"
    if is_newer.test(facts):
        layout = "as from transformers 4.52 on"
        if versions.contains(">=5.6.0.dev0", release or ""):
            lost = _OF_TOWER
    if has_flat_tower.test(facts):
        layout = "as from transformers 5.6 on"
        lost = _OF_TOWER
    return Problem(
        message=(
            f"the adapter's tensors are named {layout}, and {facts.model.model_type} in "
            f"transformers {release} calls its modules otherwise: {lost}"
        ),
    )
