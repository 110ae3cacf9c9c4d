"""The matrix of a few made rules: releases, strengths, and which become one column."""

from __future__ import annotations

from typing import Any

import pytest

from gemma_compat.engine import evidence
from gemma_compat.engine.matrix import Column, Entry, Matrix, make_matrix
from gemma_compat.engine.rule import Evidence, Rule, Scope, Severity
from gemma_compat.errors import UsageError

RELEASES = ["4.48.0", "4.49.0", "4.50.0", "4.51.0", "5.0.0"]


def rule(code: str, *scopes: Scope, **fields: Any) -> Rule:
    return Rule(**{"code": code, "severity": Severity.ERROR, "scopes": scopes, **fields})


@pytest.fixture(autouse=True)
def record(monkeypatch: pytest.MonkeyPatch) -> None:
    """GC901 was seen broken on 4.50.0 for gemma2, and every release was tried by some rule."""
    rules = {
        "GC901": {"transformers": {"gemma2": {"broken": ["4.50.0"], "working": RELEASES[:2]}}},
        "GC902": {"transformers": {"gemma2": {"working": RELEASES[3:]}}},
        "GC903": {"unsloth": {"gemma2": {"working": ["2026.1.1", "2026.2.1"]}}},
    }
    monkeypatch.setattr(evidence, "_rules", lambda: rules)


RAN = rule("GC901", Scope({"gemma2", "gemma3"}, {"transformers": ">=4.50.0,<5.0.0"}))
READ = rule(
    "GC902",
    Scope({"gemma2"}, {"transformers": "<4.49.0"}),
    Scope({"gemma2"}, {"transformers": ">=5.0.0"}),
    severity=Severity.WARNING,
    evidence=Evidence.SOURCE,
)
TOLD = rule(
    "GC903",
    Scope({"gemma2"}, {"unsloth": "<2026.2.1", "transformers": "<5.0.0"}),
    evidence=Evidence.REPORTED,
)
RULES = (RAN, READ, TOLD)


def cells(matrix: Matrix) -> dict[str, list[dict[str, str] | None]]:
    return {
        name: [None if cell is None else {e.code: e.strength for e in cell} for cell in row]
        for name, row in matrix.rows
    }


def test_neighbours_with_equal_answers_are_one_column() -> None:
    made = make_matrix(RULES)
    assert made.package == "transformers"
    assert [column.label for column in made.columns] == [
        "4.48.0",
        "4.49.0",
        "4.50.0 - 4.51.0",
        "5.0.0",
    ]
    assert made.columns[2] == Column("4.50.0", "4.51.0")


def test_each_cell_says_how_its_rules_are_known() -> None:
    assert cells(make_matrix(RULES)) == {
        "gemma2": [{"GC902": "source"}, {}, {"GC901": "ran"}, {"GC902": "source"}],
        "gemma3": [None, None, {"GC901": "derived"}, {}],
    }


def test_a_rule_under_unsloth_counts_on_the_releases_of_unsloth_alone() -> None:
    made = make_matrix(RULES, "unsloth", "gemma2")
    assert cells(made) == {"gemma2": [{"GC903": "reported"}, {}]}


def test_an_entry_has_the_severity_of_its_rule() -> None:
    (_, row), *_ = make_matrix(RULES).rows
    assert row[0] == (Entry("GC902", Severity.WARNING, "source"),)


def test_model_types_are_in_the_order_in_which_they_came() -> None:
    types = rule("GC904", Scope({"gemma4", "gemma3", "gemma", "gemma9"}, {"transformers": "<6"}))
    assert [name for name, _ in make_matrix((RAN, types)).rows] == [
        "gemma",
        "gemma2",
        "gemma3",
        "gemma4",
        "gemma9",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("transformer",), "of .transformer.; a matrix exists for transformers$"),
        (("zzzz",), "a matrix exists for transformers, unsloth$"),
        (("torch",), "of 'torch'"),
        (("transformers", "gemma33"), "type 'gemma33'; nearest: gemma3, gemma2$"),
        (("transformers", "zzzz"), "nearest: gemma2, gemma3$"),
    ],
)
def test_what_is_unknown_is_answered_with_what_is_near(
    arguments: tuple[str, ...], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        make_matrix(RULES, *arguments)


def test_a_package_on_which_nothing_ran_has_no_matrix() -> None:
    bound = rule("GC905", Scope({"gemma2"}, {"peft": "<1"}))
    with pytest.raises(UsageError, match="no rule was run on releases of 'peft'"):
        make_matrix((*RULES, bound), "peft")


def test_what_was_observed_is_in_the_order_of_releases() -> None:
    assert evidence.observed_versions("transformers") == RELEASES
    assert evidence.observed_versions("unsloth") == ["2026.1.1", "2026.2.1"]
    assert evidence.observed_versions("peft") == []
    assert evidence.checked_through(RAN, "transformers") == "4.50.0"
    assert evidence.checked_through(RAN, "peft") is None
    assert evidence.beyond(RAN, "transformers", "4.51.0") == "4.50.0"
    assert evidence.beyond(RAN, "transformers", "4.50.0") is None
    assert evidence.beyond(RAN, "transformers", "main") is None
    assert evidence.beyond(RAN, "peft", "1.0") is None


def test_three_near_names_are_offered_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["package-a", "package-b", "package-c", "package-d"]
    ran = {name: {"gemma2": {"working": ["1.0"]}} for name in names}
    monkeypatch.setattr(evidence, "_rules", lambda: {"GC901": ran})
    made = rule("GC901", Scope({"gemma2"}, dict.fromkeys(names, "<2")))
    with pytest.raises(UsageError) as caught:
        make_matrix((made,), "package-x")
    assert sum(name in str(caught.value) for name in names) == 3
    types = rule("GC904", Scope({"gemma", "gemma2", "gemma3", "gemma4"}, {"package-a": "<2"}))
    with pytest.raises(UsageError) as caught:
        make_matrix((types,), "package-a", "gemma5")
    assert str(caught.value).partition("nearest: ")[2].count("gemma") == 3
