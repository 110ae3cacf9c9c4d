"""A rule judged for every model type that it names, where no model is given.

The facts of two types differ in the type alone. So an answer is made once for all types that the
same scopes name, unless something read the type to make it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any

from ..facts import Facts, ModelFacts
from ..tables import families
from .rule import Finding, Rule, Scope, Undetermined

Answer = Finding | Undetermined
Judge = Callable[[Rule, Facts, Sequence[Scope]], Answer | None]


class _OfAType(ModelFacts):
    """A model of which only the type is put in.

    Attributes:
        was_asked: whether its type was read since this was last set to ``False``; reading all
            fields at once counts too.
    """

    __slots__ = ("was_asked",)

    def __getattribute__(self, name: str) -> Any:
        if name in {"model_type", "__dict__"}:
            object.__setattr__(self, "was_asked", True)
        return super().__getattribute__(name)


class FactsByType(dict[str, Facts]):
    """The facts with a model type put in, by model type; made when they are asked for."""

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self._facts = facts

    def __missing__(self, model_type: str) -> Facts:
        known = {**vars(self._facts.model), "model_type": model_type}
        self[model_type] = self._facts.replace(model=_OfAType(**known))
        return self[model_type]


def judge_every_type(
    rule: Rule,
    types_of: Mapping[tuple[Scope, ...], Sequence[str]],
    by_type: FactsByType,
    judge: Judge,
) -> Iterator[Answer]:
    """Yield the rule's answer for each of its model types, equal answers grouped into one.

    Args:
        types_of: scopes that no release rules out, with the model types that are in all of them.
        by_type: those facts for each of these types.
        judge: judges the rule for some facts in those scopes.
    """
    groups: dict[Answer, list[str]] = {}
    for scopes, model_types in types_of.items():
        first = model_types[0]
        answer, read_type = _watched(judge, rule, by_type[first], scopes)
        same = [first] if read_type else model_types
        if answer is not None:
            groups.setdefault(answer, []).extend(same)
        for name in model_types[len(same) :]:
            answer = judge(rule, by_type[name], scopes)
            if answer is not None:
                groups.setdefault(answer, []).append(name)
    for answer, found in sorted(groups.items(), key=lambda item: min(item[1])):
        yield answer.replace(model_types=tuple(sorted(found)))


def _watched(
    judge: Judge, rule: Rule, facts: Facts, scopes: tuple[Scope, ...]
) -> tuple[Answer | None, bool]:
    """Return the answer, and whether anything read the model type to make it."""
    model: Any = facts.model
    object.__setattr__(model, "was_asked", False)
    return judge(rule, facts, scopes), model.was_asked


def types_by_scopes(
    rule: Rule, scopes: Sequence[Scope]
) -> Mapping[tuple[Scope, ...], Sequence[str]]:
    """Return the model types that are in the same of these scopes."""
    if len(scopes) == 1:
        return {tuple(scopes): sorted(_types_of(rule, scopes[0]))}
    scopes_of: dict[str, tuple[Scope, ...]] = {}
    for scope in scopes:
        for name in _types_of(rule, scope):
            scopes_of[name] = (*scopes_of.get(name, ()), scope)
    types: dict[tuple[Scope, ...], list[str]] = {}
    for name, found in scopes_of.items():
        types.setdefault(found, []).append(name)
    return types


def _types_of(rule: Rule, scope: Scope) -> Set[str]:
    """Return the model types that the rule names and that are in this scope."""
    if not scope.by_config:
        return scope.model_types
    others = rule.model_types - scope.model_types
    return scope.model_types | {name for name in others if is_of(name, scope)}


def is_of(model_type: str, scope: Scope) -> bool:
    """Return whether a model of this type is in the scope."""
    if model_type in scope.model_types:
        return True
    return scope.by_config and families.is_gemma(model_type) and not families.is_known(model_type)
