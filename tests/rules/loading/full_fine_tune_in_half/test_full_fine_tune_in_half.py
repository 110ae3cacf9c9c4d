from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from gemma_compat.tables.families import KNOWN_MODEL_TYPES
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC605")
MODEL: dict[str, Any] = {
    "model_type": "gemma3",
    "live": True,
    "dtype": "bfloat16",
    "peft": None,
    "quantization": None,
}
FULL: dict[str, Any] = {"peft": False, "distributed": "no"}


def contract_facts() -> Iterator[Facts]:
    for model_type in KNOWN_MODEL_TYPES:
        for dtype in ("bfloat16", "float32"):
            for release in ("4.57.6", "5.23.0"):
                yield facts_for(model_type, release, model={"dtype": dtype})


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("4.57.6", "fires"),  # asked for there, and as wrong
        ("5.0.0", "fires"),
        ("5.23.0", "fires"),
        (None, "fires"),
    ],
)
def test_releases(release: str | None, expected: str) -> None:
    assert answer(RULE, facts(release, MODEL, FULL)) == expected


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({"dtype": "float16"}, {}, "fires"),
        ({"dtype": "float32"}, {}, "no"),
        ({"dtype": "mixed"}, {}, "no"),
        ({"peft": "LORA"}, {}, "no"),
        ({"quantization": "bitsandbytes"}, {}, "no"),
        ({"live": False}, {}, "no"),
        ({}, {"peft": True}, "no"),
        ({}, {"distributed": "ddp"}, "fires"),
        ({}, {"distributed": "fsdp"}, "no"),
        ({}, {"distributed": "deepspeed"}, "no"),
    ],
)
def test_conditions(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts("5.23.0", MODEL | model, FULL | training)) == expected


def test_a_bare_model_may_be_about_to_get_an_adapter() -> None:
    assert answer(RULE, facts("5.23.0", MODEL, {"distributed": "no"})) == "? training.peft"


@pytest.mark.parametrize(
    ("assumed", "expected"),
    [({"model.dtype": "--dtype"}, "fires"), ({"model.dtype": "--model"}, "no")],
)
def test_a_stated_dtype_is_judged_as_if_loaded(assumed: dict[str, str], expected: str) -> None:
    made = facts("5.23.0", {**MODEL, "live": False}, FULL).replace(assumed=assumed)
    assert answer(RULE, made) == expected
