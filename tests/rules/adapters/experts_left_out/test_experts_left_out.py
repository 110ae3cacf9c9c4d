from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.rules.made import answer, around, facts

RULE = find("GC706")
ALL_LINEAR = ("model.layers.*.mlp.up_proj", "model.layers.*.router.proj")
EXPERTS = ("experts.down_proj", "experts.gate_up_proj")
MIXTURE: dict[str, Any] = {"model_type": "gemma4_text", "enable_moe_block": True}


def contract_facts() -> Iterator[Facts]:
    for experts in (True, False):
        case: dict[str, Any] = {"model": {"enable_moe_block": experts}, "training": {"peft": True}}
        yield from around(RULE, "5.23.0", case | {"adapter": {"target_modules": "all-linear"}})


@pytest.mark.parametrize(
    ("named", "parameters", "experts", "expected"),
    [
        ("all-linear", (), True, "fires"),
        ("all-linear", EXPERTS, True, "no"),
        ("all-linear", (), False, "no"),
        (("q_proj", "up_proj"), (), True, "no"),
        (r".*q_proj", (), True, "no"),
        (None, (), True, "no"),
    ],
)
def test_an_adapter_to_be_made(
    named: Any, parameters: tuple[str, ...], experts: bool, expected: str
) -> None:
    made = facts("5.23.0", MIXTURE | {"enable_moe_block": experts}, {"peft": True})
    adapter = made.adapter.replace(target_modules=named, target_parameters=parameters)
    assert answer(RULE, made.replace(adapter=adapter)) == expected


@pytest.mark.parametrize(
    ("adapted", "expected"),
    [
        (ALL_LINEAR, "fires"),
        (ALL_LINEAR[:1], "no"),
        ((*ALL_LINEAR, "model.layers.*.experts"), "no"),
    ],
)
def test_a_live_adapter(adapted: tuple[str, ...], expected: str) -> None:
    model = MIXTURE | {"live": True, "peft": "LORA", "adapted_modules": adapted}
    assert answer(RULE, facts("5.23.0", model, {})) == expected


def test_what_is_not_known() -> None:
    assert answer(RULE, facts("5.23.0", MIXTURE, {"peft": True})) == "? adapter.target_modules"
    assert answer(RULE, facts("5.23.0", MIXTURE, {"peft": False})) == "no"
