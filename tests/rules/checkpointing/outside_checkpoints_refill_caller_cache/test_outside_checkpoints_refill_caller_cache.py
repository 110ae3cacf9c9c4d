from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.rules.made import answer, around, facts

RULE = find("GC207")
MODEL: dict[str, Any] = {"peft": "PREFIX_TUNING", "external_checkpointing": True}
RUN: dict[str, Any] = {}


def contract_facts() -> Iterator[Facts]:
    yield from around(RULE, "5.24.0", {"model": MODEL, "training": RUN}, {})


@pytest.mark.parametrize("release", ["4.50.3", "4.57.6", "5.24.0"])
@pytest.mark.parametrize("model_type", ["gemma", "gemma3_text", "gemma4"])
def test_it_fires(model_type: str, release: str) -> None:
    assert answer(RULE, facts(release, {"model_type": model_type, **MODEL}, RUN)) == "fires"


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({"peft": "LORA"}, {"passes_cache": False}, "no"),
        ({"peft": "LORA"}, {"passes_cache": True}, "fires"),
        ({"external_checkpointing": False}, {"external_checkpointing": False}, "no"),
        ({"external_checkpointing": False}, {"external_checkpointing": True}, "fires"),
        ({"model_type": "llama"}, {}, "no"),
    ],
)
def test_conditions(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    made = facts("5.24.0", {"model_type": "gemma3_text", **MODEL, **model}, {**RUN, **training})
    assert answer(RULE, made) == expected


def test_its_text_is_known() -> None:
    text = "The size of tensor a (36) must match the size of tensor b (20)"
    assert any(re.search(symptom, text) for symptom in RULE.symptoms)
