from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.rules.made import answer, around, facts

RULE = find("GC1301")
MODEL: dict[str, Any] = {"model_type": "recurrent_gemma"}
TRAINING: dict[str, Any] = {"torch_compile": True}


def contract_facts() -> Iterator[Facts]:
    off = {"torch_compile": False}
    yield from around(RULE, "4.57.6", {"training": TRAINING}, {"training": off})


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("4.40.0", "fires"),
        ("4.57.6", "fires"),
        ("5.0.0rc3", "fires"),
        ("5.0.0", "no"),
        ("5.23.0", "no"),
        (None, "? packages.transformers"),
    ],
)
def test_releases(release: str | None, expected: str) -> None:
    assert answer(RULE, facts(release, MODEL, TRAINING)) == expected


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({}, {"torch_compile": False}, "no"),
        ({}, {"torch_compile": UNKNOWN}, "? training.torch_compile"),
        ({"model_type": "gemma2"}, {}, "no"),
    ],
)
def test_conditions(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    made = facts("4.57.6", {**MODEL, **model}, {**TRAINING, **training})
    assert answer(RULE, made) == expected
