from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.rules.made import answer, around, facts

RULE = find("GC408")
MODEL: dict[str, Any] = {"quantization_bits": 4, "peft": None, "live": True}
RUN: dict[str, Any] = {"peft": False}


def contract_facts() -> Iterator[Facts]:
    yield from around(RULE, "5.24.0", {"model": MODEL, "training": RUN}, {})


@pytest.mark.parametrize("release", ["4.50.3", "4.57.6", "5.24.0"])
@pytest.mark.parametrize("model_type", ["gemma", "gemma3_text", "gemma4"])
def test_it_fires(model_type: str, release: str) -> None:
    assert answer(RULE, facts(release, {"model_type": model_type, **MODEL}, RUN)) == "fires"


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({"quantization_bits": None}, {}, "no"),
        ({"quantization_bits": 8}, {}, "no"),
        ({"peft": "LORA"}, {}, "no"),
        ({}, {"peft": True}, "no"),
    ],
)
def test_conditions(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    made = facts("5.24.0", {"model_type": "gemma3_text", **MODEL, **model}, {**RUN, **training})
    assert answer(RULE, made) == expected


def test_its_text_is_known() -> None:
    text = "ValueError: You cannot perform fine-tuning on purely quantized models."
    assert any(re.search(symptom, text) for symptom in RULE.symptoms)
