"""What a rule does not need is not read: no page to judge it, no scope where releases bar it."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import pytest

from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.engine.plan import make_plan
from gemma_compat.engine.rule import Rule
from gemma_compat.facts import Facts, Package
from gemma_compat.report.text import render_diagnosis
from gemma_compat.rules._index import SHOWN, rule_of
from tools.rule_index import INDEX, PAGES

STACK = {"transformers": "4.50.3", "torch": "2.6.0", "accelerate": "1.5.2", "peft": "0.15.2"}
ABSENT = ("unsloth", "unsloth-zoo", "trl", "liger-kernel", "bitsandbytes", "tokenizers")
PACKAGES = {name: Package(name=name, version=version) for name, version in STACK.items()}
FACTS = Facts(packages={**PACKAGES, **dict.fromkeys(ABSENT)}, gpus=())


def _no_page() -> NoReturn:
    raise AssertionError("a page was read")


@pytest.fixture
def rules() -> list[Rule]:
    return [rule_of(entry, _no_page) for entry in json.loads(INDEX.read_bytes())]


def test_a_report_without_findings_reads_no_page(rules: list[Rule]) -> None:
    found = judge_all(FACTS, rules)
    assert found.undetermined and not found.findings
    assert "Not decided" in render_diagnosis(found, make_plan(found))


def test_a_page_is_read_once_for_all_that_it_states() -> None:
    read: list[int] = []
    entry, page = json.loads(INDEX.read_bytes())[0], json.loads(PAGES.read_bytes().splitlines()[0])

    def counted() -> Any:
        read.append(1)
        return page

    rule = rule_of(entry, counted)
    assert all(hasattr(rule, name) for name in SHOWN)
    assert rule.replace(since="9").since == "9"
    assert len(read) == 1


def test_a_rule_that_releases_rule_out_makes_no_scope(rules: list[Rule]) -> None:
    judge_all(FACTS, rules)
    unmade = [rule for rule in rules if "scopes" not in vars(rule) and not rule.undetectable]
    assert unmade
    newer = [
        r for r in unmade if all(p.get("transformers", "").startswith(">=5") for p in r.packages)
    ]
    assert newer
    assert any("scopes" in vars(rule) for rule in rules)


def test_a_changed_copy_states_its_own_packages(rules: list[Rule]) -> None:
    rule = next(rule for rule in rules if len(rule.scopes) > 1)
    whole = rule_of(rule.entry, lambda: json.loads(PAGES.read_bytes().splitlines()[0]))  # type: ignore[attr-defined]
    one = whole.replace(scopes=whole.scopes[:1])
    assert one.packages == [whole.scopes[0].packages] != whole.packages
