"""A rule judged for every model type that it names, where no model is given.

The facts of two types differ in the type alone. So an answer is made once for all types that the
same scopes name, unless something read the type to make it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..facts import Facts, ModelFacts
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
    scopes_of: dict[str, tuple[Scope, ...]],
    by_type: FactsByType,
    judge: Judge,
) -> Iterator[Answer]:
    """Yield the rule's answer for each of its model types, equal answers grouped into one.

    Args:
        scopes_of: each model type with the scopes that it is in and that no release rules out.
        by_type: those facts for each of these types.
        judge: judges the rule for some facts in those scopes.
    """
    groups: dict[object, tuple[Answer, list[str]]] = {}
    made: dict[tuple[Scope, ...], Answer | None] = {}
    for model_type, scopes in scopes_of.items():
        if not scopes:
            continue
        if scopes in made:
            answer = made[scopes]
        else:
            answer, read_type = _watched(judge, rule, by_type[model_type], scopes)
            if not read_type:
                made[scopes] = answer
        if answer is not None:
            groups.setdefault(answer, (answer, []))[1].append(model_type)
    for answer, model_types in groups.values():
        yield answer.replace(model_types=tuple(model_types))


def _watched(
    judge: Judge, rule: Rule, facts: Facts, scopes: tuple[Scope, ...]
) -> tuple[Answer | None, bool]:
    """Return the answer, and whether anything read the model type to make it."""
    model: Any = facts.model
    object.__setattr__(model, "was_asked", False)
    return judge(rule, facts, scopes), model.was_asked
