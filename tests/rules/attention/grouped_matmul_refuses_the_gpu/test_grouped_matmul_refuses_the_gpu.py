from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts, Gpu
from gemma_compat.rules import find
from tests.conftest import A100, B200, H100, T4, facts_for
from tests.rules.made import answer, around

RULE = find("GC306")
MOE: dict[str, Any] = {"enable_moe_block": True, "experts_implementation": "grouped_mm"}


def case(transformers: str, torch: str, *gpus: Gpu) -> dict[str, Any]:
    return {"model": MOE, "transformers": transformers, "packages": {"torch": torch}, "gpus": gpus}


def contract_facts() -> Iterator[Facts]:
    yield from around(
        RULE,
        "5.5.0",
        case("5.5.0", "2.8.0", A100),
        case("5.5.0", "2.9.0", A100),
        case("5.5.0", "2.9.0", T4),
        case("5.6.0", "2.8.0", B200),
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (case("5.5.0", "2.8.0", A100), "fires"),
        (case("5.5.0", "2.8.0", H100), "no"),
        (case("5.5.4", "2.8.0", B200), "fires"),
        (case("5.5.0", "2.9.0", A100), "no"),
        (case("5.5.0", "2.9.0", T4), "fires"),
        (case("5.6.0", "2.9.0", T4), "no"),
        (case("5.6.0", "2.8.0", A100), "no"),
        (case("5.6.0", "2.8.0", B200), "fires"),
        (case("5.15.1", "2.8.0", B200), "fires"),
        (case("5.16.0", "2.8.0", B200), "no"),
        ({**case("5.5.0", "2.8.0", A100), "model": {}}, "no"),
        (
            {**case("5.5.0", "2.8.0", A100), "model": {**MOE, "experts_implementation": "eager"}},
            "no",
        ),
    ],
)
def test_answers(given: dict[str, Any], expected: str) -> None:
    assert (
        answer(RULE, facts_for(**{"model_type": "gemma4", "transformers": "5.5.0", **given}))
        == expected
    )


@pytest.mark.parametrize(
    "text",
    [
        "torch._grouped_mm is only supported on CUDA devices with compute capability = 9.0",
        "torch._grouped_mm in only supported on CUDA devices with compute capability = 9.0",
    ],
)
def test_symptoms(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)
