"""TRL is older than the transformers beside it, and its DPO or GRPO trainer cannot be imported.

## What breaks
`from trl import DPOTrainer` ends with `cannot import name 'MODEL_FOR_VISION_2_SEQ_MAPPING_NAMES'
from 'transformers.models.auto.modeling_auto'`. `DPOTrainer` and `GRPOTrainer` of other releases end
with `No module named 'mergekit'`, `'weave'` or `'vllm'`, though the run uses none of them.
`SFTTrainer`, `RewardTrainer` and `KTOTrainer` are not concerned.

## Why
TRL before 0.23 imports a table that transformers 5.0 has removed. TRL before 0.29 asks transformers
whether an optional package is installed with `_is_package_available`. That private function gives a
pair from transformers 5.3 on, and a pair counts as true: TRL imports packages that are not there.

## Cure
Upgrade TRL to 0.29 or newer, or install `transformers<5`. With every optional package installed
that TRL asks for, the second failure does not come.
"""

from __future__ import annotations

from ...engine.condition import YES, all_of, any_of, condition, first_known
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...errors import UnknownFact
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES

_GRPO = {"grpo", "bnpo", "dr_grpo", "dapo"}
_DPO = {"exo_pair", "nca_pair", "robust", "bco_pair", "sppo_hard", "aot", "aot_pair", "discopop"}
_SHARED = {"sigmoid", "hinge", "ipo", "apo_zero", "apo_down"}  # CPO and others have them too


@condition("the loss is one that only DPOTrainer has")
def _has_loss_of_dpo(facts: Facts) -> bool:
    loss = facts.training.loss_type
    if loss in _SHARED:
        raise UnknownFact("training.loss_type", f"several trainers of TRL have the loss {loss}")
    return loss in _DPO


@condition("the arguments have a list of losses, as only DPOConfig has")
def _has_list_of_losses(facts: Facts) -> bool:
    return str(facts.training.loss_type).startswith("[")


uses_dpo = any_of(_has_list_of_losses, _has_loss_of_dpo, phrase="the run uses TRL's DPOTrainer")


@condition("the run uses TRL's GRPOTrainer")
def uses_grpo(facts: Facts) -> bool:
    return facts.training.loss_type in _GRPO


@condition("mergekit is not installed")
def _lacks_mergekit(facts: Facts) -> bool:
    return facts.package("mergekit") is None


@condition("weave is not installed")
def _lacks_weave(facts: Facts) -> bool:
    return facts.package("weave") is None


# TRL does not bring these: a stack that does not name them has neither.
lacks_optional = all_of(
    first_known(_lacks_mergekit, YES),
    first_known(_lacks_weave, YES),
    phrase="neither mergekit nor weave is installed",
)

RULE = Rule(
    code="GC907",
    since="0.3.0",
    severity=Severity.ERROR,
    evidence=Evidence.SOURCE,
    read_in=(
        "trl 0.22.2, 0.23.0: trl/trainer/dpo_trainer.py",
        "trl 0.24.0, 0.28.0, 0.29.0: trl/import_utils.py",
        "transformers 5.2.0, 5.3.0: utils/import_utils.py",
    ),
    effects=("import-fails",),
    scopes=(
        Scope(
            frozenset(KNOWN_MODEL_TYPES),
            {"transformers": ">=5.0.0rc3", "trl": "<0.23.0"},
            when=(uses_dpo,),
        ),
        Scope(
            frozenset(KNOWN_MODEL_TYPES),
            {"transformers": ">=5.3.0", "trl": ">=0.23.0,<0.29.0"},
            when=(uses_dpo, lacks_optional),
        ),
        Scope(
            frozenset(KNOWN_MODEL_TYPES),
            {"transformers": ">=5.3.0", "trl": "<0.29.0"},
            when=(uses_grpo, lacks_optional),
        ),
    ),
    fix=Fix(fixed_in={"trl": "0.29.0"}),
    symptoms=(r"cannot import name 'MODEL_FOR_VISION_2_SEQ_MAPPING_NAMES' from 'transformers",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"trl {facts.version('trl')} is older than transformers "
            f"{facts.version('transformers')} beside it: its DPOTrainer or GRPOTrainer cannot be "
            "imported"
        ),
    )
