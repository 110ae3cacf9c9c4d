"""Where no model is given, an answer is made once for the types that share it and for no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gemma_compat.engine.condition import Condition
from gemma_compat.engine.diagnosis import judge, judge_all
from gemma_compat.engine.rule import Finding, Problem, Scope
from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import all_rules

from .conftest import facts_for
from .made import rule

TYPES = frozenset({"gemma2", "gemma3", "gemma4"})
NO_MODEL = facts_for().replace(model=facts_for().model.replace(model_type=UNKNOWN))


def answers(test: Callable[[Facts], bool], facts: Facts = NO_MODEL) -> dict[Any, tuple[str, ...]]:
    made = rule(
        scopes=(Scope(TYPES, {"transformers": "<5"}),),
        when=(Condition("it holds", test),),
        describe=lambda facts: Problem("it breaks"),
    )
    found = judge_all(facts, [made])
    return {type(item): item.model_types for item in (*found.findings, *found.undetermined)}


def test_a_condition_that_reads_no_type_is_tested_once() -> None:
    seen: list[int] = []
    assert answers(lambda facts: not seen.append(1)) == {Finding: tuple(sorted(TYPES))}  # type: ignore[func-returns-value]
    assert len(seen) == 1


@pytest.mark.parametrize(
    "test",
    [
        lambda facts: facts.model.model_type == "gemma3",
        lambda facts: facts.model.get("model_type") == "gemma3",
        lambda facts: facts.model.to_dict()["model_type"] == "gemma3",
        lambda facts: facts.model.replace(live=True).model_type == "gemma3",
    ],
)
def test_a_condition_that_reads_the_type_is_tested_for_each(test: Callable[[Facts], bool]) -> None:
    assert answers(test) == {Finding: ("gemma3",)}


def test_a_message_that_reads_the_type_is_made_for_each() -> None:
    made = rule(
        scopes=(Scope(TYPES, {}),),
        when=(Condition("it holds", lambda facts: True),),
        describe=lambda facts: Problem(f"{facts.model.model_type} breaks"),
    )
    assert len(judge_all(NO_MODEL, [made]).findings) == 3


def test_scopes_that_differ_answer_for_their_types() -> None:
    first = Scope({"gemma2", "gemma3"}, {}, when=(Condition("a", lambda facts: False),))
    second = Scope({"gemma3"}, {}, when=(Condition("b", lambda facts: True),))
    made = rule(scopes=(first, second), when=(), describe=lambda facts: Problem("it breaks"))
    (found,) = judge_all(NO_MODEL, [made]).findings
    assert found.model_types == ("gemma3",)


@pytest.mark.parametrize("release", ["4.50.3", "5.23.0"])
def test_every_rule_answers_as_it_does_for_that_type_alone(release: str) -> None:
    full = facts_for("gemma3", release)
    model = type(full.model)()  # nothing is known of it
    whole = judge_all(full.replace(model=model), all_rules())
    by_type = {
        (item.rule.code, name): item.replace(model_types=())
        for item in (*whole.findings, *whole.undetermined)
        for name in item.model_types
    }
    for one in (item for item in all_rules() if not item.undetectable):
        for name in one.model_types:
            alone = judge(one, full.replace(model=model.replace(model_type=name)))
            assert by_type.get((one.code, name)) == alone
