"""Every failure that was collected is accounted for by a rule, or by a page of what it lacks."""

from __future__ import annotations

from dataclasses import replace

from gemma_compat.rules import all_rules
from tools import catalogue

RULES = all_rules()


def test_no_entry_is_left_out() -> None:
    assert catalogue.uncovered(RULES) == []


def test_an_entry_that_no_rule_names_is_noticed() -> None:
    without = [replace(rule, covers=tuple({*rule.covers} - {"F7"})) for rule in RULES]
    assert catalogue.uncovered(without) == ["F7"]


def test_the_table_links_each_entry_to_its_rules() -> None:
    (line,) = [line for line in catalogue.render(RULES).splitlines() if line.startswith("| F7 ")]
    assert "[GC101](GC101.md) (ran)" in line
