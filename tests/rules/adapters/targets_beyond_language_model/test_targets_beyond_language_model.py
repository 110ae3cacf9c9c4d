from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, around, facts

RULE = find("GC703")
TOWER = ("language_model.layers.*.mlp.up_proj", "vision_tower.encoder.layers.*.self_attn.q_proj")
RUN = {"peft": True, "images": False}


def contract_facts() -> Iterator[Facts]:
    towers: dict[str, Any] = {"model": {"towers": ("vision",)}, "training": RUN}
    named = [towers | {"adapter": {"target_modules": name}} for name in ("all-linear", None)]
    live = {"peft": "LORA", "adapted_modules": TOWER, "towers": ("vision",)}
    yield from around(RULE, "5.23.0", *named, {"model": live, "training": {"images": False}})


@pytest.mark.parametrize(
    ("model_type", "named", "run", "expected"),
    [
        ("gemma3", ("q_proj", "v_proj"), {}, "fires"),
        ("gemma3", ("self_attn.q_proj",), {}, "fires"),
        ("gemma3", ("q_proj", "v_proj"), {"images": True}, "no"),
        ("gemma3", ("q_proj", "v_proj"), {"peft": False}, "no"),
        ("gemma3", ("gate_proj",), {}, "no"),
        ("gemma3", ("language_model.layers.0.self_attn.q_proj",), {}, "no"),
        ("gemma3", r".*language_model.*q_proj", {}, "no"),
        ("gemma3", "all-linear", {}, "fires"),
        ("paligemma", ("fc1",), {}, "fires"),
        ("gemma4", ("q_proj",), {}, "no"),  # PEFT refuses it: GC701
        ("gemma4", "all-linear", {}, "fires"),
        ("gemma3n_text", "all-linear", {"images": True}, "fires"),
        ("gemma3n_text", ("q_proj",), {}, "no"),
        ("gemma3n", ("modality_router",), {}, "fires"),
        ("gemma3_text", "all-linear", {}, "no"),
    ],
)
def test_an_adapter_to_be_made(
    model_type: str, named: Any, run: dict[str, Any], expected: str
) -> None:
    made = facts_for(model_type, "5.23.0", training=RUN | run, adapter={"target_modules": named})
    assert answer(RULE, made) == expected


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({"adapted_modules": TOWER}, {"images": False}, "fires"),
        ({"adapted_modules": TOWER}, {}, "? training.images"),
        ({"adapted_modules": TOWER[:1]}, {}, "no"),
        ({"model_type": "gemma3n", "adapted_modules": TOWER}, {}, "no"),
        (
            {"model_type": "gemma3n", "adapted_modules": ("layers.*.altup.modality_router",)},
            {},
            "fires",
        ),
    ],
)
def test_a_live_adapter(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    base = {"model_type": "gemma3", "live": True, "peft": "LORA", "towers": ("vision",)}
    assert answer(RULE, facts("5.23.0", base | model, training)) == expected


def test_an_adapter_that_is_not_known() -> None:
    made = facts("5.23.0", {"model_type": "gemma3", "towers": ("vision",)}, RUN)
    assert answer(RULE, made) == "? adapter.target_modules"
