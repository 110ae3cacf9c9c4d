"""Nodes that are judged one after the other get the answers that each would get alone."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from benchmarks import jobs
from gemma_compat.engine.condition import Condition
from gemma_compat.engine.diagnosis import judge_all, judge_node
from gemma_compat.engine.recall import NotedFacts, Recall
from gemma_compat.engine.rule import Problem, Rule, Scope
from gemma_compat.facts import UNKNOWN, Facts, Package
from gemma_compat.facts.checked import checked_facts
from gemma_compat.rules import all_rules

from .conftest import A100, H100, facts_for
from .made import rule
from .rules import golden

RULES = all_rules()


def documents() -> Iterator[dict[str, Any]]:
    """Under which each rule fires, as a node writes them; then each with one fact less."""
    for item in RULES:
        path = golden.path_of(item)
        facts = golden.read(path.read_text(encoding="utf-8")).facts if path.exists() else None
        if facts is not None:
            yield facts
            for area in list(facts):
                if isinstance(facts[area], dict) and facts[area]:
                    fewer = copy.deepcopy(facts)
                    fewer[area].pop(min(fewer[area]))
                    yield fewer


def test_every_rule_answers_among_others_as_it_does_alone() -> None:
    """All in one recall, in a drawn order: each comes after others that it is not to resemble."""
    found = [checked_facts(item) for item in documents()]
    found += [facts.replace(model=Facts().model) for facts in found[::7]]
    random.Random(24).shuffle(found)
    recall = Recall(RULES)
    assert len(found) > 200
    for facts in found:
        assert judge_node(facts, recall) == judge_all(facts, RULES)


# How a rule may read: what it reads, facts that differ there, and facts that differ elsewhere.
BASE = facts_for(transformers="5.23.0", environment={"NCCL_DEBUG": "INFO"}, gpus=[H100])
OTHER_TRL = BASE.replace(packages={**BASE.packages, "trl": Package(name="trl", version="0.1")})
OLDER = facts_for(transformers="4.50.3", environment={"NCCL_DEBUG": "INFO"}, gpus=[H100])
OTHER_GPU = BASE.replace(gpus=(A100,))
OTHER_VARIABLE = BASE.replace(environment={"NCCL_DEBUG": "WARN"})
NO_VARIABLES = BASE.replace(environment=UNKNOWN)
NO_DRIVER = BASE.replace(driver=None)
UNKNOWN_DRIVER = BASE.replace(driver=UNKNOWN)
WAYS: dict[str, tuple[Callable[[Facts], object], Facts, Facts]] = {
    "field": (lambda facts: facts.gpus, OTHER_GPU, OTHER_TRL),
    "field of a part": (lambda facts: facts.model.live, BASE.replace(model=Facts().model), OLDER),
    "get": (lambda facts: facts.get("driver"), NO_DRIVER, OTHER_TRL),
    "unknown and None": (lambda facts: facts.known("driver"), UNKNOWN_DRIVER, OTHER_TRL),
    "vars": (lambda facts: vars(facts)["gpus"], OTHER_GPU, BASE),
    "to_dict": (lambda facts: facts.to_dict(), OTHER_VARIABLE, BASE),
    "packages": (lambda facts: facts.packages.get("trl"), OTHER_TRL, OTHER_GPU),
    "package": (lambda facts: facts.package("trl"), OTHER_TRL, OLDER),
    "is_installed": (
        lambda facts: facts.is_installed("transformers"),
        BASE.replace(packages={**BASE.packages, "transformers": None}),
        OLDER,
    ),
    "version": (lambda facts: facts.version("transformers"), OLDER, OTHER_TRL),
    "has_release": (lambda facts: facts.has_release("transformers", "<5"), OLDER, OTHER_TRL),
    "variable": (lambda facts: facts.variable("NCCL_DEBUG"), OTHER_VARIABLE, OTHER_TRL),
    "reason": (
        lambda facts: facts.reason("gpus"), BASE.replace(reasons={"gpus": "none asked"}), OTHER_TRL
    ),
    "replaced": (lambda facts: facts.replace(driver=None).gpus, OTHER_GPU, OTHER_TRL),
    "environment": (lambda facts: facts.environment, NO_VARIABLES, OTHER_TRL),
}  # fmt: skip


def asking(read: Callable[[Facts], object], asked: list[Facts]) -> Rule:
    def test(facts: Facts) -> bool:
        asked.append(facts)
        read(facts)
        return True

    when = (Condition("it was read", test),)
    return rule(scopes=(Scope(frozenset({"gemma3"}), {}),), when=when)


@pytest.mark.parametrize("way", WAYS)
def test_a_rule_is_asked_again_where_what_it_read_differs(way: str) -> None:
    read, differs, _ = WAYS[way]
    asked: list[Facts] = []
    recall = Recall([asking(read, asked)])
    judge_node(BASE, recall)
    judge_node(differs, recall)
    assert len(asked) == 2


@pytest.mark.parametrize("way", WAYS)
def test_and_nowhere_else(way: str) -> None:
    read, _, alike = WAYS[way]
    asked: list[Facts] = []
    recall = Recall([asking(read, asked)])
    found = [judge_node(facts, recall) for facts in (BASE, alike, BASE)]
    assert len(asked) == 1
    assert len({item.findings for item in found}) == 1


def test_a_release_is_asked_for_by_what_it_decides() -> None:
    """Two releases on the same side of every bound are one to a rule that names none of them."""
    asked: list[Facts] = []
    scope = Scope(frozenset({"gemma3"}), {"transformers": ">=5.0.0rc1"})
    held = Condition("always", lambda facts: not asked.append(facts))  # type: ignore[func-returns-value]
    recall = Recall([rule(scopes=(scope,), when=(held,))])
    for release in ("5.1.0", "5.2.0", "4.57.6", "4.56.0", "5.3.0"):
        judge_node(facts_for(transformers=release), recall)
    assert len(asked) == 1


def test_a_message_names_the_release_of_its_own_node() -> None:
    def told(facts: Facts) -> Problem:
        return Problem(f"on {facts.version('transformers')}")

    recall = Recall([rule(describe=told)])
    for release in ("5.1.0", "5.2.0", "5.1.0"):
        (finding,) = judge_node(facts_for(transformers=release), recall).findings
        assert finding.problem.message == f"on {release}"


def test_what_a_rule_reads_only_sometimes_counts_as_well() -> None:
    """It reads the driver on an old release only: the second old node has another driver."""

    def old(facts: Facts) -> bool:
        return facts.version("transformers") == "4.50.3" and facts.driver is None

    made = rule(when=(Condition("it is old", old),))
    recall = Recall([made])
    old_one, old_other = OLDER.replace(driver="570.1"), OLDER.replace(driver=None)
    for facts in (BASE, old_one, BASE.replace(driver=None), old_other, old_one, BASE):
        assert judge_node(facts, recall) == judge_all(facts, [made])


def test_what_is_kept_is_bounded() -> None:
    made = rule(describe=lambda facts: Problem(str(facts.version("transformers"))))
    recall = Recall([made])
    for number in range(600):
        judge_node(facts_for(transformers=f"5.{number}.0"), recall)
    assert len(recall._answers[made]) <= 256


def test_noted_facts_are_the_facts() -> None:
    assert dict(NotedFacts(BASE).to_dict()) == BASE.to_dict()
    assert NotedFacts(BASE).replace(driver=None).driver is None


def test_nodes_that_all_differ_ask_few_rules_each() -> None:
    """Releases, the driver and a variable differ on every node; what few rules read of them."""
    asked: list[str] = []

    class Counted(Recall):
        def answers(self, rule: Rule, facts: NotedFacts, ask: Any) -> Any:
            def counted(rule: Rule) -> Any:
                asked.append(rule.code)
                return ask(rule)

            return super().answers(rule, facts, counted)

    recall = Counted(RULES)
    for number in range(120):
        facts = jobs.facts_of_a_node()
        jobs.make_distinct(facts, number)
        if number == 80:  # every release line was seen by then
            asked.clear()
        judge_node(checked_facts(facts), recall)
    assert len(asked) <= 40 * 4, sorted(set(asked))
