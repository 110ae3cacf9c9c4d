"""What the index answers where nothing is told is what the engine says when it tests conditions."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from gemma_compat.engine.condition import Condition
from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.engine.rule import Rule, Scope
from gemma_compat.facts import TOLD, Facts, Gpu, Package, TorchBuild, UnslothFacts
from gemma_compat.rules import own_rules
from gemma_compat.rules._index import rule_of
from tools.untold import untold

from ..made import few_facts, rule

RULES = [rule for rule in own_rules() if not rule.undetectable]
CARDS = (
    (),
    (Gpu(name="NVIDIA A100", architecture="Ampere", compute_capability=(8, 0)),),
    (Gpu(name="Tesla T4", architecture="Turing", compute_capability=(7, 5)),),
)
RELEASES = {
    "transformers": ("4.38.2", "4.50.3", "4.51.0.dev0", "4.57.6", "5.0.0rc1", "5.5.1", "5.23.0"),
    "torch": ("2.4.0", "2.6.0+cu124", "2.13.0"),
    "peft": ("0.15.2", "0.18.0rc0", "0.20.0"),
    "accelerate": ("1.5.2", "1.13.0"),
    "trl": ("0.15.0", "1.16.0"),
    "flash-attn": ("2.5.0", "2.7.4"),
    "tokenizers": ("0.21.0",),
}


def _plain_facts(dice: Random) -> Facts:
    """Return facts of a machine where nothing is told, some of them unknown."""
    packages: dict[str, Package | None] = {"unsloth": None}
    for name, releases in RELEASES.items():
        if dice.random() < 0.9:
            there = dice.random() < 0.8
            packages[name] = Package(name=name, version=dice.choice(releases)) if there else None
    known: dict[str, Any] = {
        "gpus": dice.choice(CARDS),
        "environment": dice.choice(({}, {"UNSLOTH_COMPILE_DISABLE": "1"})),
        "torch": dice.choice((TorchBuild(cuda="12.4"), TorchBuild(hip="6.2"))),
        "unsloth": UnslothFacts(used=False),
        "cuda_driver": dice.choice(("11.0", "13.0", None)),
    }
    for name in [name for name in known if dice.random() < 0.3]:
        del known[name]
    reasons = {area: f"no {area} was given" for area in TOLD if dice.random() < 0.5}
    return Facts(python="3.11.7", platform="linux", packages=packages, reasons=reasons, **known)


def _cases(count: int) -> Iterator[Facts]:
    dice = Random(24)
    return (_plain_facts(dice) for _ in range(count))


def _said(rules: list[Rule], facts: Facts) -> list[Any]:
    """Return all that the answers of these rules say."""
    found = judge_all(facts, rules)
    said: list[Any] = [(item.rule.code, item.problem, item.model_types) for item in found.findings]
    for item in found.undetermined:
        said.append((item.rule.code, item.missing, item.condition, item.model_types))
    return [*said, found.not_checked]


def _tested(rules: list[Rule]) -> list[Rule]:
    """Return copies whose conditions are tested: only a rule as the index has it has answers."""
    copies = [item.replace() for item in rules]
    assert not any(kept is not None for item in copies for kept in item.untold)
    return copies


def test_every_rule_answers_as_the_engine_does() -> None:
    copies = _tested(RULES)
    for facts in _cases(150):
        assert facts.is_plain
        assert _said(RULES, facts) == _said(copies, facts)


def test_the_index_answers_for_most_rules_that_are_left_open() -> None:
    absent = dict.fromkeys(("unsloth", "unsloth-zoo", "trl", "liger-kernel", "bitsandbytes"))
    stack = {"transformers": "4.50.3", "torch": "2.6.0", "accelerate": "1.5.2", "peft": "0.15.2"}
    facts = few_facts({**stack, **absent}, gpus=())
    unmade = [
        rule_of(*(vars(rule)[part] for part in ("entry", "page", "sought"))) for rule in RULES
    ]
    undecided = [item.rule for item in judge_all(facts, unmade).undetermined]
    judged = [item for item in undecided if "scopes" in vars(item)]
    assert undecided and len(judged) < len(undecided) / 3


def _of_one_scope(rule: Rule, place: int, **changes: Any) -> Rule:
    """Return the rule with one of its scopes, which every release is in."""
    entry = vars(rule)["entry"]
    scope = {**entry["scopes"][place], "packages": {}, **changes}
    return rule_of({**entry, "scopes": [scope]}, vars(rule)["page"], vars(rule)["sought"])


KEPT = [
    pytest.param(rule, place, id=f"{rule.code}-{place}")
    for rule in RULES
    for place, kept in enumerate(rule.untold)
    if kept is not None
]


@pytest.mark.parametrize(("rule", "place"), KEPT)
def test_each_scope_answers_as_the_engine_does_and_a_wrong_answer_is_seen(
    rule: Rule, place: int
) -> None:
    indexed = _of_one_scope(rule, place)
    (answers,) = indexed.untold
    assert answers is not None
    wrong = [*answers[1:], {"condition": "x", "missing": "model.dtype", "model_types": "gemma"}]
    planted = _of_one_scope(rule, place, untold=wrong)
    for facts in _cases(5):
        said = _said(_tested([indexed]), facts)
        assert _said([indexed], facts) == said
        assert _said([planted], facts) != said


@pytest.mark.parametrize(
    "told",
    [
        {"model": {"dtype": "bfloat16"}},
        {"training": {"peft": None}},
        {"adapter": {"target_modules": "all-linear"}},
        {"assumed": {"gpus": "--gpu"}},
        {"packages": {}},
        {"packages": {"unsloth": "2026.5.2"}},
    ],
)
def test_facts_of_which_something_is_told_are_judged(told: dict[str, Any]) -> None:
    facts = few_facts(**{"packages": {"unsloth": None}, **told})
    assert not facts.is_plain
    wrong = [{"condition": "x", "missing": "model.dtype", "model_types": "gemma3"}]
    planted = _of_one_scope(KEPT[0].values[0], KEPT[0].values[1], untold=wrong)  # type: ignore[arg-type]
    assert "x" not in {item.condition for item in judge_all(facts, [planted]).undetermined}


@pytest.mark.parametrize(
    "test",
    [
        lambda facts: facts.gpus == (),
        lambda facts: facts.has_release("peft", ">=0.15"),
        lambda facts: facts.python == "3.11.7",
        lambda facts: facts.variable("UNSLOTH_COMPILE_DISABLE") is None,
        lambda facts: facts.unsloth.used,
        lambda facts: vars(facts)["model"].dtype == "bfloat16",
    ],
)
def test_a_rule_that_reads_of_the_machine_has_no_answer(test: Any) -> None:
    one = rule(when=(Condition("it holds", test),))
    assert list(untold(one)) == [None]


def test_a_rule_that_fires_with_nothing_told_has_no_answer() -> None:
    assert list(untold(rule())) == [None]


def test_answers_are_grouped_by_model_type() -> None:
    def test(facts: Facts) -> bool:
        return facts.model.model_type == "gemma2" or facts.model.dtype == "float16"

    scope = Scope(frozenset({"gemma", "gemma3"}), {"transformers": "<5"})
    one = rule(scopes=(scope,), when=(Condition("it holds", test),))
    answer = {"condition": "it holds", "missing": "model.dtype", "model_types": "gemma gemma3"}
    assert list(untold(one)) == [[answer]]
