"""What each rule says is what its golden says: ``make golden`` writes them anew, git shows how."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gemma_compat.engine.rule import Problem, Rule, Scope
from gemma_compat.rules import all_rules, find

from . import golden

RULES = all_rules()
REWRITE = "`make golden` writes it anew; look at what git shows"

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


def saying(rule: Rule) -> str:
    """Its golden as it is on disk, compared with what the rule says now; the difference."""
    path = golden.path_of(rule)
    where = path.relative_to(golden.TESTS)
    if not path.is_file():
        return f"{rule.code} {rule.name} has no golden, {where}: {REWRITE}"
    text = path.read_text(encoding="utf-8")
    given = golden.read(text)
    if golden.kept(rule, given) != given:
        return f"{rule.code} {rule.name} does not answer to what {where} gives it: {REWRITE}"
    changed = golden.difference(text, golden.golden(rule, given))
    return (
        changed
        and f"{rule.code} {rule.name} says something else than {where}: {REWRITE}\n{changed}"
    )


@each_rule
def test_it_says_what_its_golden_says(rule: Rule) -> None:
    problem = saying(rule)
    if problem:
        pytest.fail(problem, pytrace=False)


def test_every_golden_is_of_a_rule() -> None:
    assert set(golden.TESTS.rglob("golden.txt")) == {golden.path_of(rule) for rule in RULES}


# The comparison itself, on faults that are planted.


def test_another_word_is_shown_with_the_name_of_the_rule() -> None:
    rule = find("GC101")

    def describe(facts: object) -> Problem:
        return Problem(message="all is well", help=rule.describe(facts).help)  # type: ignore[arg-type]

    shown = saying(replace(rule, describe=describe))
    assert shown.startswith("GC101 hybridcache-without-float says something else")
    assert "+  all is well" in shown and "-  transformers 4.50" in shown


def test_a_moved_bound_is_shown() -> None:
    rule = find("GC101")
    moved = [Scope(scope.model_types, {"transformers": "<4.50.0.dev0"}) for scope in rule.scopes]
    assert "does not answer to what" in saying(replace(rule, scopes=tuple(moved)))


def test_a_lost_symptom_is_shown() -> None:
    rule = find("GC101")
    assert "does not answer to what" in saying(replace(rule, symptoms=("another text",)))


def test_a_rule_without_a_golden_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(golden, "TESTS", tmp_path)
    assert "GC101 hybridcache-without-float has no golden" in saying(find("GC101"))


@each_rule
def test_what_is_given_is_read_as_it_was_written(rule: Rule) -> None:
    text = golden.path_of(rule).read_text(encoding="utf-8")
    given = golden.read(text)
    assert golden.read(golden.golden(rule, given)) == given
    assert (given.facts is None) is bool(rule.undetectable)
    assert bool(given.line) is bool(rule.symptoms)
