"""Parameters that get no gradient, for which DistributedDataParallel waits in vain.

## What breaks
Under DDP the second step ends with `Expected to have finished reduction in the prior iteration
before starting a new one`: a multimodal Gemma trained on text alone gives its towers no gradient.

## Why
DDP reduces gradients in buckets and waits for every parameter that asks for one, unless it is told
to look for unused ones. Batches without images never reach the vision or audio tower. A plain
`Trainer` has it look where the arguments say nothing and nothing is checkpointed, and not under
checkpointing, which is where a run fails (two processes over gloo on transformers 4.57.6 and
5.24.0: plain trains, checkpointed raises). TRL 1.16 sets `ddp_find_unused_parameters=True` for
models with towers in several of its trainers. A loop of your own waits unless it says otherwise.

## Cure
Freeze the towers before the Trainer is made, `ddp_find_unused_parameters=True` in the arguments,
or load the text model alone.
"""

from __future__ import annotations

from ...conditions.adapter import has_no_adapter, is_given_adapter
from ...conditions.checkpointing import checkpoints
from ...conditions.model import has_towers
from ...conditions.run import has_trainer, is_distributed, is_text_only
from ...engine.condition import NO, all_of, any_of, condition, first_known, not_
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts


@condition("DDP spreads the run")
def is_ddp(facts: Facts) -> bool:
    return facts.training.distributed == "ddp"


@condition("DDP is told to look for unused parameters")
def looks_as_told(facts: Facts) -> bool:
    return facts.training.ddp_find_unused_parameters is True


@condition("the arguments leave it to the Trainer")
def says_nothing(facts: Facts) -> bool:
    return facts.training.ddp_find_unused_parameters is None


looks_by_default = all_of(
    says_nothing, has_trainer, not_(checkpoints, "gradient checkpointing is off")
)
waits_for_every_parameter = all_of(
    is_ddp,
    not_(any_of(looks_as_told, looks_by_default), "DDP does not look for unused parameters"),
    phrase="DDP spreads the run, and does not look for unused parameters",
)


trains_towers = all_of(
    has_towers,
    has_no_adapter,
    not_(first_known(is_given_adapter, NO), "the run puts no adapter on"),
    phrase="the towers are trained (no PEFT adapter)",
)


RULE = Rule(
    code="GC1002",
    since="0.1.0",
    severity=Severity.WARNING,
    evidence=Evidence.REPORTED,
    effects=("crash-in-training",),
    scopes=(Scope({"gemma3", "gemma3n", "gemma4", "paligemma"}, {}),),
    when=(waits_for_every_parameter, is_text_only, trains_towers),
    runs=(is_distributed,),
    fix=Fix(
        setting=(
            "freeze the towers (requires_grad_(False)) before the Trainer is made, or "
            "ddp_find_unused_parameters=True in the arguments"
        )
    ),
    symptoms=(r"Expected to have finished reduction in the prior iteration",),
    reports=("huggingface/trl#6617", "huggingface/transformers#49443"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"no batch reaches the towers of this {facts.model.model_type}, whose parameters ask "
            "for gradients: DDP waits for them and the second step fails"
        ),
    )
