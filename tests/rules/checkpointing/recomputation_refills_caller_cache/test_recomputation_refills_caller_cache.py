from __future__ import annotations

import re
from typing import Any

import pytest

from gemma_compat.rules import find
from tests.rules.made import answer, facts

RULE = find("GC202")
RUN = {"gradient_checkpointing": True, "passes_cache": True, "trainer": False}


@pytest.mark.parametrize(
    ("release", "model_type", "expected"),
    [
        ("4.48.3", "gemma2", "fires"),
        ("4.50.3", "gemma3", "fires"),
        ("4.52.4", "paligemma", "fires"),
        ("4.53.0", "gemma3", "no"),
        ("4.53.0.dev0", "gemma3", "? packages.transformers"),
        ("5.23.0", "gemma3", "no"),
        ("4.52.4", "gemma3n", "no"),
        (None, "gemma3", "? packages.transformers"),
    ],
)
def test_releases(release: str | None, model_type: str, expected: str) -> None:
    assert answer(RULE, facts(release, {"model_type": model_type}, RUN)) == expected


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        ({}, "fires"),
        ({"passes_cache": False}, "no"),
        ({"gradient_checkpointing": False}, "no"),
    ],
)
def test_conditions(training: dict[str, Any], expected: str) -> None:
    made = facts("4.50.3", {"model_type": "gemma3"}, {**RUN, **training})
    assert answer(RULE, made) == expected


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        ({"gradient_checkpointing": True, "trainer": False}, "? training.passes_cache"),
        ({"gradient_checkpointing": True}, "? training.passes_cache"),
        ({"gradient_checkpointing": True, "trainer": True}, "no"),
        ({}, "? training.passes_cache training.gradient_checkpointing"),
    ],
)
def test_unknown(training: dict[str, Any], expected: str) -> None:
    """A Trainer passes no cache; of any other loop only its author knows."""
    got = answer(RULE, facts("4.50.3", {"model_type": "gemma3"}, training))
    assert set(got.split()) == set(expected.split())


def test_checkpointing_that_is_on_in_the_model() -> None:
    model = {"model_type": "gemma3", "gradient_checkpointing": True}
    assert answer(RULE, facts("4.50.3", model, {"passes_cache": True})) == "fires"


def test_symptom() -> None:
    text = "RuntimeError: The size of tensor a (48) must match the size of tensor b (24) at"
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)
