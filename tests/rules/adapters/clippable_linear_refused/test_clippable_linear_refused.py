from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.engine.diagnosis import judge
from gemma_compat.engine.rule import Finding
from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, around, facts

RULE = find("GC701")
ADAPTER = {"training": {"peft": True}}


def contract_facts() -> Iterator[Facts]:
    cases = [ADAPTER | {"adapter": {"target_modules": named}} for named in (("q_proj",), None)]
    yield from around(RULE, "5.23.0", *cases)


@pytest.mark.parametrize(
    ("named", "towers", "expected"),
    [
        (("q_proj", "v_proj"), ("vision",), "fires"),
        (("self_attn.q_proj",), ("vision",), "fires"),
        (("q_proj",), ("audio",), "fires"),
        (("ffw_layer_1",), ("audio",), "fires"),
        (("ffw_layer_1",), ("vision",), "no"),
        (("q_proj",), (), "no"),
        (("per_layer_input_gate",), ("vision",), "no"),
        (("language_model.layers.0.self_attn.q_proj",), ("vision",), "no"),
        ("all-linear", ("vision",), "no"),
        (r".*language_model\..*q_proj", ("vision",), "no"),
        (None, ("vision",), "no"),
    ],
)
def test_targets(named: Any, towers: tuple[str, ...], expected: str) -> None:
    made = facts_for("gemma4", "5.5.0", model={"towers": towers}, training={"peft": True})
    assert (
        answer(RULE, made.replace(adapter=made.adapter.replace(target_modules=named))) == expected
    )


def test_no_adapter_and_one_that_is_there() -> None:
    model = {"model_type": "gemma4", "towers": ("vision",)}
    assert answer(RULE, facts("5.5.0", model, {"peft": False})) == "no"
    assert answer(RULE, facts("5.5.0", model, {"peft": True})) == "? adapter.target_modules"
    assert answer(RULE, facts("5.5.0", model | {"live": True, "peft": "LORA"}, {})) == "no"


def test_the_help_matches_the_language_model_alone() -> None:
    made = facts_for(
        "gemma4", "5.23.0", adapter={"target_modules": ("q_proj", "up_proj")}, **ADAPTER
    )
    given = judge(RULE, made)
    assert isinstance(given, Finding)
    pattern = given.problem.help.partition("r'")[2].removesuffix("'")
    assert re.fullmatch(pattern, "model.language_model.layers.0.self_attn.q_proj")
    assert re.fullmatch(pattern, "language_model.layers.0.mlp.up_proj")
    assert not re.fullmatch(pattern, "model.language_model.layers.0.mlp.down_proj")
    assert not re.fullmatch(pattern, "model.vision_tower.encoder.layers.0.self_attn.q_proj")
