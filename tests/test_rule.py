"""What a rule answers about itself, and the words it has for facts."""

from __future__ import annotations

from typing import Any

import pytest

from gemma_compat.engine.rule import (
    Applicability,
    Evidence,
    Fix,
    Problem,
    Rule,
    Scope,
    Severity,
)
from gemma_compat.facts import Package

from .conftest import facts_for


def rule(**changes: Any) -> Rule:
    scopes = (
        Scope({"gemma3", "gemma3_text"}, {"transformers": "<5.6.0"}),
        Scope({"gemma4"}, {"peft": "<1", "transformers": "<5.5.2"}, fixed_in={"peft": "1.0"}),
    )
    given = {"code": "GC1101", "severity": Severity.ERROR, "scopes": scopes, "breaks": "it breaks"}
    return Rule(**{**given, "fix": Fix(fixed_in={"transformers": "5.6.0"}), **changes})


def test_what_is_not_said_is_the_careful_choice() -> None:
    made = rule()
    assert made.evidence is Evidence.RAN
    assert made.applicability is Applicability.DISPLAY_ONLY
    assert made.before_trainer is False and not made.scopes[0].by_config
    assert made.patch is None and made.patch_call == ""


def test_severities_are_ranked_from_the_worst() -> None:
    assert [item.rank for item in (Severity.ERROR, Severity.WARNING, Severity.NOTICE)] == [0, 1, 2]


def test_the_number_and_not_the_text_gives_the_order() -> None:
    codes = ("GC1001", "GC999", "GC101")
    ordered = sorted((rule(code=code) for code in codes), key=lambda item: item.order)
    assert [item.order for item in ordered] == [101, 999, 1001]


@pytest.mark.parametrize(
    ("docs", "title"),
    [
        ("It breaks.\n\n## What breaks\nAll.", "It breaks"),
        ("\n  It breaks\nhere.", "It breaks"),
        ("", "made-up"),
        (" \n", "made-up"),
    ],
)
def test_the_title_is_the_first_line_of_the_page_or_the_name(docs: str, title: str) -> None:
    assert rule(docs=docs, name="made-up").title == title


def test_what_its_fields_add_up_to() -> None:
    made = rule(symptoms=("Error",), reports=("a/b#1",), fixed_by=("a/b#2",))
    assert made.model_types == {"gemma3", "gemma3_text", "gemma4"}
    assert made.upstream == ("a/b#1", "a/b#2")
    assert made.silent is False and rule().silent is True


def test_the_message_is_that_of_the_rule_or_names_the_releases() -> None:
    facts = facts_for("gemma3", "5.5.0").replace(
        packages={
            "transformers": Package(name="transformers", version="5.5.0"),
            "torch": Package(name="torch", version="2.9.0"),
            "peft": None,
        }
    )
    assert rule().problem(facts).message == "with transformers 5.5.0, it breaks"
    said = rule(describe=lambda facts: Problem(f"on {facts.model.model_type}"))
    assert said.problem(facts).message == "on gemma3"
    own = rule(describe=lambda facts: Problem("it breaks", "mend it"))
    assert own.problem(facts).help == "mend it"


@pytest.mark.parametrize(
    ("model_type", "scope", "command"),
    [
        ("gemma3", None, "pip install -U 'transformers>=5.6.0'"),
        ("gemma4", None, "pip install -U 'peft>=1.0'"),
        ("gemma3", 1, "pip install -U 'peft>=1.0'"),
        ("gemma4", 0, "pip install -U 'transformers>=5.6.0'"),
        ("gemma2", None, "pip install -U 'transformers>=5.6.0'"),
    ],
)
def test_the_help_is_that_of_the_scope_given_or_of_the_model_type(
    model_type: str, scope: int | None, command: str
) -> None:
    made = rule()
    chosen = None if scope is None else made.scopes[scope]
    assert made.problem(facts_for(model_type), chosen).help == command
    assert made.help(facts_for(model_type), chosen) == command


def cure(model: Any, ledger: Any) -> None:
    """Stands for a patch."""


@pytest.mark.parametrize(
    ("applicability", "at_import", "call"),
    [
        (Applicability.SAFE, (), "gemma_compat.patch(model)"),
        (Applicability.UNSAFE, (), "gemma_compat.patch(model, select=['GC1101'])"),
        (Applicability.SAFE, ("x",), ""),
    ],
)
def test_the_call_that_cures_it(
    applicability: Applicability, at_import: tuple[str, ...], call: str
) -> None:
    made = rule(patch=cure, applicability=applicability, at_import=at_import)
    assert made.patch_call == call
