from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.conftest import A100, T4, V100, facts_for
from tests.rules.made import answer, around

RULE = find("GC402")
FORCED: dict[str, Any] = {
    "environment": {"UNSLOTH_FORCE_FLOAT32": "1"},
    "unsloth": {"used": True, "backend": "cuda"},
}


def contract_facts() -> Iterator[Facts]:
    yield from around(
        RULE,
        "5.23.0",
        {"gpus": (T4,)},
        {"gpus": (A100, V100), "training": {"mixed_precision": "no"}},
        {"gpus": (A100,)},
    )


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({}, "no"),
        ({"gpus": (T4,)}, "fires"),
        ({"gpus": (A100,)}, "no"),
        ({"gpus": (A100, V100)}, "fires"),
        ({"gpus": (T4,), "training": {"mixed_precision": "fp16"}}, "no"),
        ({"gpus": (T4,), "training": {"mixed_precision": "no"}}, "fires"),
        (
            {"gpus": (T4,), "training": {"mixed_precision": "no"}, "model": {"dtype": "float32"}},
            "no",
        ),
        (
            {
                "gpus": (T4,),
                "training": {"mixed_precision": "fp16"},
                "model": {"compute_dtype": "bfloat16"},
            },
            "fires",
        ),
        ({"gpus": (T4,), "training": {"mixed_precision": UNKNOWN}}, "? training.mixed_precision"),
        ({"gpus": (T4,), **FORCED}, "no"),
        ({"gpus": (T4,), **FORCED, "unsloth": {"used": False}}, "fires"),
        ({"gpus": (T4,), **FORCED, "environment": {"UNSLOTH_FORCE_FLOAT32": "0"}}, "fires"),
    ],
)
def test_answers(case: dict[str, Any], expected: str) -> None:
    given = {"model_type": "gemma2", "transformers": "5.23.0", **case}
    assert answer(RULE, facts_for(**given)) == expected


def test_unsloths_own_float32_is_asked_for() -> None:
    made = facts_for("gemma3", gpus=(T4,), **FORCED).replace(environment=UNKNOWN)
    assert answer(RULE, made) == "? environment"


@pytest.mark.parametrize(
    "text",
    [
        "RuntimeError: \"erfinv_cuda\" not implemented for 'BFloat16'",
        "ValueError: Your setup doesn't support bf16/gpu. You need torch>=1.10",
    ],
)
def test_symptoms(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)


def test_float16_is_not_advised_where_it_overflows() -> None:
    assert "GC401" in RULE.describe(facts_for("gemma3", gpus=(T4,))).help
    assert "GC401" not in RULE.describe(facts_for("gemma2", gpus=(T4,))).help
