from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, around

RULE = find("GC704")


def contract_facts() -> Iterator[Facts]:
    for release in ("0.12.0", "0.15.2", "0.21.2"):
        case: dict[str, Any] = {"packages": {"peft": release}, "training": {"peft": True}}
        named = case | {"adapter": {"target_modules": ("q_proj",)}}
        yield from around(RULE, "5.23.0", case, named)


@pytest.mark.parametrize(
    ("model_type", "peft", "expected"),
    [
        ("gemma3_text", "0.15.2", "fires"),
        ("gemma3_text", "0.16.0", "no"),
        ("gemma4", "0.18.1", "fires"),
        ("gemma4", "0.19.0", "no"),
        ("gemma4_text", "0.21.2", "fires"),
        ("gemma3", "0.21.2", "fires"),
        ("gemma3n", "0.15.2", "fires"),
        ("paligemma", "0.15.2", "fires"),
        ("gemma2", "0.12.0", "fires"),
        ("gemma2", "0.13.0", "no"),
        ("gemma3", None, "fires"),
    ],
)
def test_releases(model_type: str, peft: str | None, expected: str) -> None:
    made = facts_for(model_type, "5.23.0", packages={"peft": peft}, training={"peft": True})
    assert answer(RULE, made) == expected


@pytest.mark.parametrize(
    ("adapter", "model", "expected"),
    [
        ({"target_modules": ("q_proj",)}, {}, "no"),
        ({"target_modules": "all-linear"}, {}, "no"),
        ({"target_parameters": ("experts.down_proj",)}, {}, "no"),
        ({"peft_type": "PROMPT_TUNING"}, {}, "no"),
        ({}, {"peft": "LORA"}, "no"),
    ],
)
def test_what_is_named(adapter: dict[str, Any], model: dict[str, Any], expected: str) -> None:
    made = facts_for(
        "gemma3",
        "5.23.0",
        packages={"peft": "0.21.2"},
        training={"peft": True},
        adapter=adapter,
        model=model,
    )
    assert answer(RULE, made) == expected
