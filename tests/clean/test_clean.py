"""Nothing is called an error where nothing breaks, whatever rules there are.

Each set is close to what breaks: one change, and the rule that knows it fires.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gemma_compat import versions
from gemma_compat.advise import load_releases
from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.engine.rule import Severity
from gemma_compat.rules import all_rules

from ..conftest import T4
from .sets import CLEAN, Clean
from .stacks import STACKS


def errors(clean: Clean) -> list[str]:
    """What is called an error, and what cannot be decided although every fact is known."""
    found = judge_all(clean.facts(), all_rules())
    said = [(item.rule, item.problem.message) for item in found.findings]
    said += [(item.rule, f"undecided: {item.missing}") for item in found.undetermined]
    return [f"{rule.code} {text}" for rule, text in said if rule.severity is Severity.ERROR]


@pytest.mark.parametrize("clean", CLEAN, ids=str)
def test_no_error_where_nothing_breaks(clean: Clean) -> None:
    assert errors(clean) == []


def _of(stack: str, checkpoint: str, run: str) -> Clean:
    found = [c for c in CLEAN if (c.stack, c.checkpoint, c.run) == (stack, checkpoint, run)]
    return found[0]


@pytest.mark.parametrize(
    ("clean", "change", "code"),
    [
        (("march 2025", "gemma-3-1b-it", "lora"), {"training": {"evaluates": True}}, "GC101"),
        (
            ("newest", "gemma-4-E4B-it", "lora checkpointed"),
            {"training": {"gradient_checkpointing": True, "use_reentrant": True}},
            "GC201",
        ),
        (
            ("newest", "gemma-2-2b-it", "lora trl"),
            {"model": {"attn_implementation": "sdpa"}},
            "GC302",
        ),
        (
            ("colab", "gemma-3-4b-it", "lora"),
            {"training": {"supplies_token_types": False}},
            "GC801",
        ),
    ],
)
def test_one_change_breaks_it(
    clean: tuple[str, str, str], change: Mapping[str, Any], code: str
) -> None:
    assert [text.split()[0] for text in errors(replace(_of(*clean), more=change))] == [code]


def test_float16_on_a_t4_is_one_change_away() -> None:
    clean = _of("colab", "gemma-3-1b-it", "lora float32")
    change = {"training": {"mixed_precision": "fp16"}, "model": {"dtype": "float16"}}
    assert clean.gpus == (T4,)
    assert [text.split()[0] for text in errors(replace(clean, more=change))][:1] == ["GC401"]


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_is_published_and_its_pins_agree(name: str) -> None:
    stack = STACKS[name]
    packages = stack.packages()
    for package in packages.keys() & set(load_releases().names):
        published = {item.version for item in load_releases().of(package)}
        assert packages[package] in published, package
        asked = stack.asked_by(package)
        odd = {
            other: (specifier, packages[other])
            for other, specifier in asked.items()
            if other in packages and not versions.contains(specifier or ">=0", packages[other])
        }
        assert not odd, (package, odd)


def test_the_sets_are_of_every_kind() -> None:
    assert len(CLEAN) >= 30 and {clean.stack for clean in CLEAN} == set(STACKS)
    cards = {gpu.name.split()[-1] for clean in CLEAN for gpu in clean.gpus}
    assert len(cards) >= 4 and any(not clean.gpus for clean in CLEAN)
    assert len({str(clean) for clean in CLEAN}) == len(CLEAN)
    types = {clean.facts().model.model_type for clean in CLEAN}
    assert types >= {"gemma2", "gemma3_text", "gemma3", "gemma3n", "gemma4", "paligemma"}
