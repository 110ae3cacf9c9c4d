"""Facts made by hand, for the table tests of the rules."""

from __future__ import annotations

from typing import Any

from gemma_compat.diagnosis import judge
from gemma_compat.facts import Facts
from gemma_compat.facts.model import ModelFacts
from gemma_compat.facts.packages import Package
from gemma_compat.facts.training import TrainingFacts
from gemma_compat.facts.unsloth import UnslothFacts
from gemma_compat.rule import Finding, Rule, Undetermined


def facts(transformers: str | None, model: dict[str, Any], training: dict[str, Any]) -> Facts:
    """These facts, no Unsloth, and no others; ``transformers=None`` leaves its version unknown."""
    packages: dict[str, Package | None] = {}
    if transformers is not None:
        packages["transformers"] = Package(name="transformers", version=transformers)
    return Facts(
        packages=packages,
        model=ModelFacts(**model),
        training=TrainingFacts(**training),
        unsloth=UnslothFacts(used=False, carries_shared_kv=False),
    )


def answer(rule: Rule, made: Facts) -> str:
    """``fires``, ``no``, or what is missing: ``? training.evaluates``."""
    given = judge(rule, made)
    if isinstance(given, Finding):
        assert given.problem.message and given.problem.help
        return "fires"
    if isinstance(given, Undetermined):
        return "? " + " ".join(topic for topic, _ in given.missing)
    return "no"
