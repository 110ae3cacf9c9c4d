from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from gemma_compat.tables.families import KNOWN_MODEL_TYPES
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC610")
RANDOM = {"model_type": "gemma3", "live": True, "loaded": True, "weights_are_fresh": True}


def contract_facts() -> Iterator[Facts]:
    for model_type in KNOWN_MODEL_TYPES:
        for fresh in (True, False):
            yield facts_for(model_type, "5.23.0", model={"weights_are_fresh": fresh})


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({}, "fires"),
        ({"weights_are_fresh": False}, "no"),
        ({"loaded": False}, "no"),  # made from a config, to be trained from the start
        ({"live": False}, "no"),
        ({"model_type": "gemma9"}, "fires"),
        ({"model_type": "llama"}, "no"),
    ],
)
def test_conditions(model: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts("5.23.0", RANDOM | model, {})) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Some weights of Gemma3ForCausalLM were not initialized from the model checkpoint at x and "
        "are newly initialized: ['lm_head.weight']",
        "model.layers.{0...33}.mlp.up_proj.weight | \x1b[31mMISSING\x1b[0m |",
    ],
)
def test_symptoms(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)


def test_unknown() -> None:
    partitioned = {"model_type": "gemma3", "live": True, "loaded": True}
    assert answer(RULE, facts("5.23.0", partitioned, {})) == "? model.weights_are_fresh"
    assert answer(RULE, facts("5.23.0", {"model_type": "gemma3"}, {})) == "no"
