from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC622")
MODEL: dict[str, Any] = {"model_type": "gemma", "activation": "gelu"}


def contract_facts() -> Iterator[Facts]:
    for activation in ("gelu", "gelu_pytorch_tanh"):
        yield facts_for("gemma", "4.57.6", model={"activation": activation})


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("4.47.1", "no"),
        ("4.48.0", "fires"),
        ("4.57.6", "fires"),
        ("5.17.0", "fires"),
        ("5.18.0", "no"),
        ("5.24.0", "no"),
        (None, "? packages.transformers"),
    ],
)
def test_releases(release: str | None, expected: str) -> None:
    assert answer(RULE, facts(release, MODEL, {})) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"activation": "gelu_pytorch_tanh"}, "no"),
        ({"model_type": "gemma2"}, "no"),
    ],
)
def test_conditions(model: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts("4.57.6", {**MODEL, **model}, {})) == expected


def test_an_activation_that_is_not_known_is_open() -> None:
    made = facts("4.57.6", {"model_type": "gemma"}, {})
    assert answer(RULE, made) == "? model.activation"
