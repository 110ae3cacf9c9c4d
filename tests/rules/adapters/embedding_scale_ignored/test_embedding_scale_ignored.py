from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, around, facts

RULE = find("GC705")
OLD: dict[str, Any] = {"packages": {"peft": "0.17.1"}, "training": {"peft": True}}


def contract_facts() -> Iterator[Facts]:
    cases = [OLD | {"adapter": adapter} for adapter in ({"trains_tokens": True}, {})]
    live = {"peft": "LORA", "adapted_modules": ("model.embed_tokens",)}
    yield from around(RULE, "4.57.6", *cases, OLD | {"model": live})


@pytest.mark.parametrize(
    ("model_type", "peft", "adapter", "expected"),
    [
        ("gemma3", "0.17.1", {"target_modules": ("embed_tokens",)}, "fires"),
        ("gemma3n_text", "0.17.1", {"target_modules": ("q_proj", "model.embed_tokens")}, "fires"),
        ("gemma3_text", "0.15.2", {"trains_tokens": True}, "fires"),
        ("gemma3_text", "0.18.0rc0", {"trains_tokens": True}, "no"),
        ("gemma3_text", "0.17.1", {"target_modules": ("q_proj",)}, "no"),
        ("gemma3_text", "0.17.1", {"target_modules": ("embed_tokens_per_layer",)}, "no"),
        ("gemma3_text", "0.17.1", {"modules_to_save": ("embed_tokens",)}, "no"),
        ("gemma3_text", "0.17.1", {"target_modules": "all-linear"}, "no"),
        ("gemma2", "0.17.1", {"target_modules": ("embed_tokens",)}, "no"),
    ],
)
def test_an_adapter_to_be_made(
    model_type: str, peft: str, adapter: dict[str, Any], expected: str
) -> None:
    made = facts_for(
        model_type, "4.57.6", packages={"peft": peft}, training={"peft": True}, adapter=adapter
    )
    assert answer(RULE, made) == expected


def test_a_live_adapter_and_what_is_not_known() -> None:
    live = {"peft": "LORA", "adapted_modules": ("language_model.embed_tokens",)}
    assert answer(RULE, facts_for("gemma3", "4.57.6", model=live, packages={"peft": "0.17.1"})) == (
        "fires"
    )
    unknown = facts("4.57.6", {"model_type": "gemma3"}, {"peft": True})
    assert answer(RULE, unknown) == "? packages.peft adapter.target_modules"
