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

from ...conditions.runs import trains_adapter
from ...engine.rule import Applicability, Problem, Rule, Scope, Severity, condition
from ...facts import Facts
from ._targets import LAYER, carries_adapter, suffixes

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


@condition("target_modules match modules beside the language model")
def reaches_towers(facts: Facts) -> bool:
    return bool(_towers(facts))


@condition("no batch holds images or audio")
def has_no_images(facts: Facts) -> bool:
    return not facts.training.images


@condition("target_modules match AltUp")
def reaches_altup(facts: Facts) -> bool:
    return bool(_altup(facts))


def _towers(facts: Facts) -> list[str]:
    """Parts beside the language model that carry LoRA layers, or are going to."""
    if carries_adapter(facts):
        paths = facts.model.adapted_modules
        return [part for part in _BESIDE if any(part in path.split(".") for path in paths)]
    if facts.adapter.target_modules == "all-linear":
        return [f"{tower}_tower" for tower in facts.model.towers]
    hit = facts.model.model_type in _WITH_SIGLIP and _SIGLIP & set(suffixes(facts))
    return ["vision_tower"] if hit and "vision" in facts.model.towers else []


def _altup(facts: Facts) -> list[str]:
    if carries_adapter(facts):
        ends = {path.rpartition(".")[2] for path in facts.model.adapted_modules}
        return [name for name in _ALTUP if name in ends]
    if facts.adapter.target_modules == "all-linear":
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
    """The projections of the language model that were asked for."""
    named = facts.adapter.get("target_modules")
    listed = [name for name in LAYER if isinstance(named, tuple) and name in suffixes(facts)]
    return listed or list(LAYER)


_WITH_SIGLIP = frozenset({"gemma3", "paligemma"})
_WITH_ALTUP = frozenset({"gemma3n", "gemma3n_text"})

RULE = Rule(
    code="GC703",
    name="targets-beyond-language-model",
    severity=Severity.WARNING,
    applicability=Applicability.DISPLAY_ONLY,
    scopes=(
        Scope(_WITH_SIGLIP | {"gemma4"}, {}, when=(reaches_towers, has_no_images)),
        Scope(_WITH_ALTUP, {}, when=(reaches_altup,)),
    ),
    describe=describe,
    runs=(trains_adapter,),
    silent=True,
    covers=("F16",),
    since="0.1.0",
)
