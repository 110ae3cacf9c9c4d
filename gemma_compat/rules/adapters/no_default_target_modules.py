"""PEFT has no default target modules for this model type.

## What breaks
``ValueError: Please specify `target_modules` in `peft_config` `` (from PEFT 0.17 on: "or
`target_parameters`") when the adapter is made, for a `LoraConfig` without `target_modules`. Whether
it is raised depends on the release of PEFT and the model type.

## Why
PEFT keeps a table of defaults by `model_type`. It has Gemma 1, Gemma 2 from 0.13.0 on,
`gemma3_text` from 0.16.0 on and the multimodal `gemma4` from 0.19.0 on. As of 0.21.2 it has neither
the multimodal Gemma 3, nor Gemma 3n, the text model of Gemma 4, the 12B of Gemma 4
(`gemma4_unified`), or PaliGemma.

## Cure
Say which modules: `target_modules=["q_proj", "v_proj"]` for a text model, and for a multimodal one
a regular expression that begins with the language model, as the report prints it.
"""

from __future__ import annotations

from ...conditions.adapter import carries_adapter
from ...conditions.run import trains_adapter
from ...engine.condition import all_of, condition, not_
from ...engine.rule import Problem, Rule, Scope, Severity
from ...facts import Facts

_MULTIMODAL = ("gemma3", "gemma3n", "gemma4", "gemma4_unified", "paligemma")


@condition("the adapter's config has no target_modules")
def has_no_target_modules(facts: Facts) -> bool:
    return facts.adapter.target_modules is None


@condition("the adapter is a LoRA")
def is_lora(facts: Facts) -> bool:
    return facts.adapter.peft_type == "LORA"


@condition("the adapter's config has no target_parameters")
def has_no_target_parameters(facts: Facts) -> bool:
    return not facts.adapter.target_parameters


names_none = all_of(
    not_(carries_adapter, "the model carries no adapter yet"),
    has_no_target_modules,
    is_lora,
    has_no_target_parameters,
    phrase="a LoraConfig names no target_modules",
)


RULE = Rule(
    code="GC704",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("adapter-refused",),
    scopes=(
        Scope({"gemma2"}, {"peft": "<0.13.0"}),
        Scope({"gemma3_text"}, {"peft": "<0.16.0"}),
        Scope({"gemma4"}, {"peft": "<0.19.0"}),
        Scope(
            {
                "gemma3",
                "gemma3n",
                "gemma3n_text",
                "gemma4_text",
                "gemma4_unified",
                "gemma4_unified_text",
                "paligemma",
            },
            {},
        ),
    ),
    when=(names_none,),
    runs=(trains_adapter,),
    symptoms=(r"Please specify `target_modules` (?:or `target_parameters` ?)?in `peft_config`",),
    raised_at=(
        "ValueError peft/tuners/lora/model.py:LoraModel._prepare_adapter_config",
        "ValueError peft/tuners/tuners_utils.py:BaseTuner._prepare_adapter_config",
    ),
)


def describe(facts: Facts) -> Problem:
    cure = "target_modules=['q_proj', 'v_proj']"
    if facts.model.model_type in _MULTIMODAL:
        cure = r"target_modules=r'^(?:.*\.)?language_model\..*\.(?:q_proj|v_proj)$'"
    package = facts.packages.get("peft")
    release = package.get("version", "") if package else ""
    return Problem(
        message=(
            f"{f'PEFT {release}'.strip()} has no default target_modules for "
            f"{facts.model.model_type}: making the adapter fails"
        ),
        help=cure,
    )
