"""A report of a stack is a page, whatever rules there are, and shows no name of a field."""

from __future__ import annotations

import re

import pytest

from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.engine.plan import make_plan
from gemma_compat.facts import AdapterFacts, CheckpointFacts, Facts, ModelFacts, TokenizerFacts
from gemma_compat.facts import TrainingFacts as Run
from gemma_compat.report.text import PAGE, render_diagnosis
from gemma_compat.rules import all_rules

from .sets import CLEAN, Clean
from .stacks import STACKS

FIRST = {clean.stack: clean for clean in CLEAN}


def without_run(facts: Facts, **changes: object) -> Facts:
    """As a command line without ``--args`` sees it: no run, no adapter, no tokenizer."""
    return facts.replace(
        training=Run(),
        adapter=AdapterFacts(),
        checkpoint=CheckpointFacts(),
        tokenizer=TokenizerFacts(),
        **changes,
    )


def lines(facts: Facts) -> list[str]:
    diagnosis = judge_all(facts, all_rules())
    return render_diagnosis(diagnosis, make_plan(diagnosis)).splitlines()


@pytest.mark.parametrize("stack", STACKS)
def test_a_bare_report_is_a_page(stack: str) -> None:
    facts = without_run(FIRST[stack].facts(), model=ModelFacts())
    assert len(lines(facts)) <= PAGE


@pytest.mark.parametrize("clean", CLEAN, ids=str)
def test_a_report_on_a_clean_model_is_a_page(clean: Clean) -> None:
    facts = clean.facts()
    assert len(lines(without_run(facts))) <= PAGE
    assert len(lines(facts)) <= PAGE


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_missing_is_said_in_words(stack: str) -> None:
    for model in (ModelFacts(), FIRST[stack].facts().model):
        text = "\n".join(lines(without_run(FIRST[stack].facts(), model=model)))
        areas = re.findall(r"(?:depends on|, | and |^  )(\w+)(?= \(|:| and |, )", text, re.M)
        assert not {"adapter", "checkpoint", "tokenizer", "environment"} & set(areas)
