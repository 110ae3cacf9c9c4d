"""A rule of the index answers as that of its file, whatever is unknown.

The index says which fact a condition reads first, and does not import the file where that one is
unknown. Wrong, it would leave out a rule or ask for another fact.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from random import Random
from typing import Any

import pytest

from gemma_compat.engine.diagnosis import judge
from gemma_compat.engine.rule import Rule, Undetermined
from gemma_compat.facts import Facts, Gpu
from gemma_compat.rules import own_rules
from tools.rule_index import RULES

from ..conftest import facts_for

AREAS = ("model", "training", "adapter", "tokenizer", "checkpoint", "unsloth", "torch")
CARDS = ((), (Gpu(name="NVIDIA A100", architecture="Ampere", compute_capability=(8, 0)),))
OTHERS = {"peft": ("0.15.2", "0.20.0", None), "trl": ("0.15.0", "1.16.0", None)}
CASES = 60


def _rules() -> Iterator[Any]:
    for rule in own_rules():
        file = RULES / rule.family / f"{rule.name.replace('-', '_')}.py"
        if file.is_file():
            module = import_module(f"gemma_compat.rules.{rule.family}.{file.stem}")
            yield pytest.param(rule, module.RULE, id=rule.code)


def _facts(rule: Rule, dice: Random) -> Facts:
    """Return facts about a model that the rule names, some of them unknown."""
    transformers = dice.choice(("4.50.3", "4.57.6", "5.0.0", "5.23.0"))
    others = {name: dice.choice(releases) for name, releases in OTHERS.items()}
    model_type = dice.choice(sorted(rule.model_types))
    facts = facts_for(model_type, transformers, packages=others, gpus=dice.choice(CARDS))
    changes: dict[str, Any] = {}
    for area in AREAS:
        record, lost = getattr(facts, area), dice.choice((0.0, 0.2, 1.0))
        known = {k: v for k, v in vars(record).items() if dice.random() >= lost}
        changes[area] = type(record)(**known)
    packages = {k: v for k, v in facts.packages.items() if dice.random() < 0.8}
    changes |= {"packages": packages, "gpus": facts.gpus}
    if dice.random() < 0.3:
        del changes["gpus"]
    without = {k: v for k, v in vars(facts).items() if k != "gpus"}
    return Facts(**{**without, **changes})


def _told(answer: Any) -> Any:
    if isinstance(answer, Undetermined):
        return answer.missing, answer.condition
    return None if answer is None else answer.problem


@pytest.mark.parametrize(("indexed", "in_file"), list(_rules()))
def test_a_rule_answers_as_its_file_does(indexed: Rule, in_file: Rule) -> None:
    dice = Random(indexed.code)
    in_file = in_file.replace(describe=indexed.describe, patch=indexed.patch)
    for _ in range(CASES):
        facts = _facts(indexed, dice)
        assert _told(judge(indexed, facts)) == _told(judge(in_file, facts))
