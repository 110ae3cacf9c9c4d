"""What a rule says where nothing is told of the model and the run: for ``make index``.

Rules are pure. If all that a rule reads there belongs to the model and the run, it says the same
wherever nothing is told of them, and the index can have its answers. Unsloth counts as absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from gemma_compat.engine.recall import NotedFacts
    from gemma_compat.engine.rule import Rule, Scope, Undetermined


class _DependsOnMore(Exception):
    """The rule reads of the machine or its packages, or it fires with nothing told."""


def untold(rule: Rule) -> Iterator[list[dict[str, str]] | None]:
    """Yield the rule's answers in each scope, as ``engine/untold.py`` has them.

    ``None`` stands for a scope in which the answer depends on more.
    """
    for scope in rule.scopes:
        try:
            yield _grouped(rule, scope)
        except _DependsOnMore:
            yield None


def _grouped(rule: Rule, scope: Scope) -> list[dict[str, str]]:
    from gemma_compat.engine.every_type import types_by_scopes

    groups: dict[tuple[str, str], list[str]] = {}
    for model_type in next(iter(types_by_scopes(rule, [scope]).values())):
        answer = _asked(rule, scope, model_type)
        if answer is not None:
            missing = " ".join(topic for topic, _ in answer.missing)
            groups.setdefault((answer.condition, missing), []).append(model_type)
    return [
        {"condition": condition, "missing": missing, "model_types": " ".join(names)}
        for (condition, missing), names in groups.items()
    ]


def _asked(rule: Rule, scope: Scope, model_type: str) -> Undetermined | None:
    """Return the engine's answer. Raises ``_DependsOnMore``.

    Installed releases are taken to be in the scope: the engine has tested them by then.
    """
    from gemma_compat.engine.diagnosis import judge
    from gemma_compat.engine.every_type import FactsByType
    from gemma_compat.engine.recall import NotedFacts
    from gemma_compat.engine.rule import Finding
    from gemma_compat.facts import Facts

    alone = rule.replace(scopes=(scope.replace(packages={}),), describe=_fires)
    facts = NotedFacts(FactsByType(Facts(packages={"unsloth": None}))[model_type])
    answer = judge(alone, facts)
    if isinstance(answer, Finding) or _reads_more(facts):
        raise _DependsOnMore
    if answer is not None and any(reason for _, reason in answer.missing):
        raise _DependsOnMore
    return answer


def _fires(facts: Any) -> NoReturn:
    raise _DependsOnMore


def _reads_more(facts: NotedFacts) -> bool:
    """Return whether more was read than ``Facts.is_plain`` vouches for, and reasons."""
    from gemma_compat.facts import TOLD

    plain = {(how, area) for how in ("get", "known") for area in (*TOLD, "assumed")}
    plain |= {(how, "unsloth") for how in ("package", "version", "is_installed")}
    return any(topic not in plain and topic[0] != "reason" for topic in facts.noted)
