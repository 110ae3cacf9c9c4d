"""Target modules reach the vision tower, or AltUp of Gemma 3n.

## What breaks
Nothing is raised. `target_modules=["q_proj", "v_proj"]` adapts the vision tower of Gemma 3 and
PaliGemma beside the language model, and `"all-linear"` every tower and projector. On batches
without images those adapters get no gradient: they take memory, DDP waits for them, and what
serves the adapter may refuse it. In Gemma 3n `"all-linear"` adapts AltUp: `modality_router`,
`prediction_coefs` and `correction_coefs`, which mix the model's parallel streams.

## Why
PEFT matches a name in a list by the end of a module's path, and SigLIP calls its projections as
the language model does. `"all-linear"` takes every linear layer but the output layer.

## Cure
Give a regular expression that begins with the language model, or leave AltUp out with
`exclude_modules=r".*altup.*"`. Where images are trained on and the tower is meant, all is well.
"""

from __future__ import annotations

from ...conditions.adapter import carries_adapter, targets_all_linear
from ...conditions.model import has_towers, sees
from ...conditions.run import is_text_only, trains_adapter
from ...conditions.unsloth import uses_no_unsloth
from ...engine.condition import YES, all_of, any_of, choose, condition, first_known
from ...engine.rule import Problem, Rule, Scope, Severity
from ...facts import Facts
from ._targets import LAYER, among, ends_of, suffixes

# Modules beside the language model, as they are called at any level of a path.
_BESIDE = (
    "vision_tower",
    "audio_tower",
    "multi_modal_projector",
    "embed_vision",
    "embed_audio",
)


_ALTUP = ("modality_router", "prediction_coefs", "correction_coefs")


_SIGLIP = {"q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"}


@condition("modules beside the language model carry LoRA layers")
def has_adapted_towers(facts: Facts) -> bool:
    return bool(among(_BESIDE, facts.model.adapted_modules))


@condition("the vision tower is a SigLIP")
def has_siglip(facts: Facts) -> bool:
    return facts.model.model_type in _WITH_SIGLIP


@condition("target_modules lists names of SigLIP's layers")
def names_siglip(facts: Facts) -> bool:
    return not _SIGLIP.isdisjoint(suffixes(facts))


reaches_towers = choose(
    carries_adapter,
    then=has_adapted_towers,
    otherwise=all_of(
        first_known(uses_no_unsloth, YES),  # it filters the names by the layers that are asked for
        any_of(all_of(targets_all_linear, has_towers), all_of(has_siglip, names_siglip, sees)),
    ),
    phrase="target_modules match modules beside the language model",
)


@condition("parts of AltUp carry LoRA layers")
def has_adapted_altup(facts: Facts) -> bool:
    return bool(ends_of(_ALTUP, facts.model.adapted_modules))


@condition("target_modules lists parts of AltUp")
def names_altup(facts: Facts) -> bool:
    return not set(_ALTUP).isdisjoint(suffixes(facts))


reaches_altup = choose(
    carries_adapter,
    then=has_adapted_altup,
    otherwise=any_of(targets_all_linear, names_altup),
    phrase="target_modules match AltUp",
)


_WITH_SIGLIP = frozenset({"gemma3", "paligemma"})


_WITH_ALTUP = frozenset({"gemma3n", "gemma3n_text"})


RULE = Rule(
    code="GC703",
    since="0.1.0",
    severity=Severity.WARNING,
    effects=("nothing-learned",),
    scopes=(
        Scope(_WITH_SIGLIP | {"gemma4"}, {}, when=(reaches_towers, is_text_only)),
        Scope(_WITH_ALTUP, {}, when=(reaches_altup,)),
    ),
    runs=(trains_adapter,),
)


def _towers(facts: Facts) -> list[str]:
    """Return the parts beside the language model that carry LoRA layers, or are going to."""
    if carries_adapter.is_known_to_hold(facts):
        return among(_BESIDE, facts.model.adapted_modules)
    if targets_all_linear.is_known_to_hold(facts):
        return [f"{tower}_tower" for tower in facts.model.towers]
    return ["vision_tower"]


def _altup(facts: Facts) -> list[str]:
    if carries_adapter.is_known_to_hold(facts):
        return ends_of(_ALTUP, facts.model.adapted_modules)
    if targets_all_linear.is_known_to_hold(facts):
        return list(_ALTUP)
    return [name for name in _ALTUP if name in suffixes(facts)]


def describe(facts: Facts) -> Problem:
    if facts.model.model_type in _WITH_ALTUP:
        return Problem(
            message=(
                f"the adapter of this {facts.model.model_type} reaches {', '.join(_altup(facts))} "
                "of AltUp, which mix the model's parallel streams"
            ),
            help="exclude_modules=r'.*altup.*' in the LoraConfig",
        )
    return Problem(
        message=(
            f"the adapter of this {facts.model.model_type} reaches {', '.join(_towers(facts))} "
            "too, and no batch holds images: these adapters get no gradient"
        ),
        help=rf"target_modules=r'^(?:.*\.)?language_model\..*\.(?:{'|'.join(_wanted(facts))})$'",
    )


def _wanted(facts: Facts) -> list[str]:
    """Return the projections of the language model that were asked for."""
    named = facts.adapter.get("target_modules")
    listed = [name for name in LAYER if isinstance(named, tuple) and name in suffixes(facts)]
    return listed or list(LAYER)
