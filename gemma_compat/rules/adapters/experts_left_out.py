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

from ...conditions.adapter import carries_adapter, targets_all_linear
from ...conditions.model import has_experts
from ...conditions.run import trains_adapter
from ...engine.condition import all_of, choose, condition
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts


@condition("the router is adapted and no expert is")
def adapts_router_alone(facts: Facts) -> bool:
    # PEFT replaces "all-linear" by the names it found; only all-linear reaches the router.
    return _has_router_alone(facts.model.adapted_modules)


def _has_router_alone(paths: tuple[str, ...]) -> bool:
    parts = {part for path in paths for part in path.split(".")}
    return "router" in parts and "experts" not in parts


@condition("target_parameters names no experts")
def names_no_experts(facts: Facts) -> bool:
    return not any("experts" in name for name in facts.adapter.target_parameters)


leaves_experts_out = choose(
    carries_adapter,
    then=adapts_router_alone,
    otherwise=all_of(targets_all_linear, names_no_experts),
    phrase="target_modules is all-linear, and target_parameters names no experts",
)


RULE = Rule(
    code="GC706",
    since="0.1.0",
    severity=Severity.WARNING,
    effects=("nothing-learned",),
    scopes=(Scope({"gemma4", "gemma4_text"}, {"transformers": ">=5.5.0.dev0"}),),
    when=(has_experts, leaves_experts_out),
    runs=(trains_adapter,),
    fix=Fix(
        setting=(
            "target_parameters=['experts.gate_up_proj', 'experts.down_proj'] in the "
            "LoraConfig (PEFT 0.17 or newer), or a list of target_modules that leaves the "
            "router out"
        )
    ),
    reports=("bitsandbytes-foundation/bitsandbytes#1849",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"the experts of this {facts.model.model_type} are not linear layers; all-linear "
            "adapts its router and none of them"
        ),
    )
