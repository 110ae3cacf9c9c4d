from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.rules.made import answer, around, facts

RULE = find("GC1002")
MODEL = {"model_type": "gemma3", "towers": ("vision",), "peft": None}
DDP: dict[str, Any] = {
    "distributed": "ddp",
    "ddp_find_unused_parameters": None,
    "images": False,
    "trainer": True,
    "gradient_checkpointing": True,
}


def contract_facts() -> Iterator[Facts]:
    yield from around(RULE, "5.23.0", {"training": DDP}, {})


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({}, {}, "fires"),
        ({}, {"ddp_find_unused_parameters": True}, "no"),
        ({}, {"ddp_find_unused_parameters": False}, "fires"),
        # A Trainer has DDP look for them where nothing is checkpointed; a loop does not.
        ({}, {"gradient_checkpointing": False}, "no"),
        ({"gradient_checkpointing": True}, {"gradient_checkpointing": False}, "fires"),
        ({}, {"gradient_checkpointing": False, "trainer": False}, "fires"),
        ({}, {"distributed": "no"}, "no"),
        ({}, {"images": True}, "no"),
        ({"peft": "LORA"}, {}, "no"),
        ({}, {"peft": True}, "no"),
        ({"towers": ()}, {}, "no"),
        ({"model_type": "gemma3_text"}, {}, "no"),
    ],
)
def test_answers(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts("5.23.0", {**MODEL, **model}, {**DDP, **training})) == expected


def test_without_the_dataset_it_stays_open() -> None:
    run = {name: value for name, value in DDP.items() if name != "images"}
    assert answer(RULE, facts("5.23.0", MODEL, run)) == "? training.images"
