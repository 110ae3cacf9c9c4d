"""A rule's page and the list of rules."""

from __future__ import annotations

import json

import pytest

from gemma_compat.engine.rule import Rule, Scope
from gemma_compat.report import rule_page
from gemma_compat.rules import all_rules

from . import made


def full_rule() -> Rule:
    return made.rule(
        scopes=(
            Scope(frozenset({"gemma3", "gemma2"}), {"transformers": "<5"}, when=(made.ON_WEIGHTS,)),
            Scope(frozenset({"gemma4"}), {"peft": ">=0.20"}, by_config=True),
        ),
        when=(made.ON_A_RUN,),
        refused_if=(made.ON_WEIGHTS,),
        yields_to=("GC301",),
        symptoms=(r"has no attribute 'float'",),
        reports=("o/r#1",),
    )


def test_text_page_has_the_header_and_the_docstring() -> None:
    text = rule_page.page_text(full_rule())
    for part in (
        "GC101 made-defect-1",
        "severity      error",
        "cure          gemma_compat.patch(model), safe",
        "evidence      run and seen, broken and working",
        "applies to    gemma2, gemma3 with transformers <5, if the weights are bfloat16",
        "applies to    gemma4 and newer types by their config with peft >=0.20",
        "fires if      the run uses mixed precision",
        "no patch if   the weights are bfloat16",
        "yields to     GC301",
        "error text    has no attribute 'float'",
        "reports       o/r#1",
        "## Why\nBecause | of <this>.",
    ):
        assert part in text


def test_markdown_page_links_upstream_and_escapes_tables() -> None:
    text = rule_page.page_markdown(full_rule())
    assert "[o/r#1](https://github.com/o/r/issues/1)" in text
    assert text.startswith("# GC101 made-defect-1\n\nThe made defect number 1 breaks it.\n")
    assert "transformers &lt;5" in text


def test_json_page() -> None:
    page = json.loads(rule_page.page_json(full_rule()))["rule"]
    assert page["affected"][0] == {
        "model_types": ["gemma2", "gemma3"],
        "newer_model_types": False,
        "packages": [
            {
                "name": "transformers",
                "specifier": "<5",
                "introduced": "0",
                "fixed": "5",
                "last_affected": None,
            }
        ],
        "conditions": ["the weights are bfloat16"],
        "fixed_in": None,
    }
    assert page["details"].endswith("Because | of <this>.")
    assert page["cure"]["yields_to"] == ["GC301"]


def test_lists() -> None:
    rules = [made.rule(1), made.rule(2)]
    assert rule_page.list_text(rules).splitlines()[1] == (
        "GC102  error    made-defect-2  The made defect number 2 breaks it"
    )
    assert len(rule_page.list_markdown(rules).splitlines()) == 4
    assert [item["code"] for item in json.loads(rule_page.list_json(rules))["rules"]] == [
        "GC101",
        "GC102",
    ]


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_every_rule_has_a_page(form: str) -> None:
    for rule in all_rules():
        page = getattr(rule_page, f"page_{form}")(rule)
        assert rule.code in page and rule.name in page
