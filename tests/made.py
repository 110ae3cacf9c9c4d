"""Rules and facts made by hand: the one factory of each, which every other test builds on.

``conftest.facts_for`` makes facts of which nothing is unknown; :func:`few_facts` makes facts of
which everything is unknown but what is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gemma_compat.engine.rule import Applicability, Problem, Rule, Scope, Severity
from gemma_compat.facts import (
    AdapterFacts,
    Facts,
    ModelFacts,
    Package,
    TrainingFacts,
    UnslothFacts,
)

PROBLEM = Problem("it breaks", "mend it")


def rule(code: str = "GC901", **fields: Any) -> Rule:
    """Return a rule that fires for every Gemma 3; ``fields`` replace any of its own."""
    given: dict[str, Any] = {
        "name": f"made-{code.lower()}",
        "severity": Severity.ERROR,
        "applicability": Applicability.SAFE,
        "scopes": (Scope(frozenset({"gemma3"}), {}),),
        "describe": lambda facts: PROBLEM,
        "since": "0.1.0",
    }
    return Rule(code=code, **{**given, **fields})


def never_patched(model: Any, ledger: Any) -> None:
    """Stand for a cure that no test applies."""


def few_facts(
    packages: Mapping[str, str | None] | None = None,
    *,
    model: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    adapter: Mapping[str, Any] | None = None,
    unsloth: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Facts:
    """Return these facts and no others.

    Args:
        packages: name to version; ``None`` for known absent.
        model, training, adapter, unsloth: fields that are known.
        fields: of :class:`Facts`.
    """
    installed = {
        name: None if version is None else Package(name=name, version=version)
        for name, version in (packages or {}).items()
    }
    return Facts(
        packages=installed,
        model=ModelFacts(**(model or {})),
        training=TrainingFacts(**(training or {})),
        adapter=AdapterFacts(**(adapter or {})),
        unsloth=UnslothFacts(**(unsloth or {})),
        **fields,
    )
