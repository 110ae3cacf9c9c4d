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

from ..conftest import T4
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


def lines(facts: Facts, verbose: bool = True) -> list[str]:
    diagnosis = judge_all(facts, all_rules())
    return render_diagnosis(diagnosis, make_plan(diagnosis), verbose=verbose).splitlines()


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


# Its logits do take most of a T4: a true warning (GC1201).
_OF_2026 = [
    clean
    for clean in CLEAN
    if clean.stack.startswith(("newest", "2026", "unsloth 2026"))
    and (clean.gpus, clean.run) != ((T4,), "lora float32")
]


@pytest.mark.parametrize("clean", _OF_2026, ids=str)
def test_a_healthy_stack_of_2026_ends_in_one_line(clean: Clean) -> None:
    header, _, rest = "\n".join(lines(clean.facts(), verbose=False)).partition("\n\n")
    assert header and rest.startswith("No known failure found")
    assert len(rest.splitlines()) == 1


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_not_decided_takes_five_lines(stack: str) -> None:
    for model in (ModelFacts(), FIRST[stack].facts().model):
        facts = without_run(FIRST[stack].facts(), model=model)
        shown = [
            block.splitlines()
            for block in "\n".join(lines(facts, verbose=False)).split("\n\n")
            if block.startswith("Not decided")
        ]
        assert [len(block) <= 5 for block in shown] == [True]
