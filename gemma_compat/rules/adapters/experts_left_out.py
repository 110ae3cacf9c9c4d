"""`all-linear` adapts none of the experts of a mixture.

## What breaks
Nothing is raised. In Gemma 4 26B-A4B the experts hold most of the weights, and an adapter made
with `target_modules="all-linear"` has not one layer on them: it adapts attention, the dense layer
beside the experts, and the router. bitsandbytes likewise leaves the experts as they are, so that
"4-bit" weights take several times the memory that one expects.

## Why
The experts of a layer are two parameters of three dimensions, `gate_up_proj` and `down_proj`, and
no `nn.Linear`. PEFT's `all-linear` and bitsandbytes look for linear layers.

## Cure
Where the experts are meant, name their parameters:
`target_parameters=["experts.gate_up_proj", "experts.down_proj"]`, which PEFT has since 0.17. Where
they are not, give a list without the router, so that the choice is written down.
"""

from __future__ import annotations

from ...conditions.runs import trains_adapter
from ...engine.rule import Applicability, Problem, Rule, Scope, Severity, condition
from ...facts import Facts
from ._targets import carries_adapter


@condition("the model is a mixture of experts (enable_moe_block)")
def has_experts(facts: Facts) -> bool:
    return facts.model.enable_moe_block


@condition("target_modules is all-linear, and target_parameters names no experts")
def leaves_experts_out(facts: Facts) -> bool:
    if carries_adapter(facts):
        parts = [path.split(".") for path in facts.model.adapted_modules]
        # PEFT writes the names that it found over "all-linear": nobody else names the router.
        return any("router" in path for path in parts) and not any("experts" in p for p in parts)
    adapter = facts.adapter
    named = adapter.target_modules
    return named == "all-linear" and not any("experts" in n for n in adapter.target_parameters)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"the experts of this {facts.model.model_type} are no linear layers: all-linear adapts "
            "its router and none of them"
        ),
        help=(
            "target_parameters=['experts.gate_up_proj', 'experts.down_proj'] in the LoraConfig "
            "(PEFT 0.17 or newer), or a list of target_modules that leaves the router out"
        ),
    )


RULE = Rule(
    code="GC706",
    name="experts-left-out",
    severity=Severity.WARNING,
    applicability=Applicability.DISPLAY_ONLY,
    scopes=(Scope(frozenset({"gemma4", "gemma4_text"}), {"transformers": ">=5.5.0.dev0"}),),
    when=(has_experts, leaves_experts_out),
    describe=describe,
    runs=(trains_adapter,),
    silent=True,
    upstream=("bitsandbytes-foundation/bitsandbytes#1849",),
    covers=("F25",),
    since="0.1.0",
)
