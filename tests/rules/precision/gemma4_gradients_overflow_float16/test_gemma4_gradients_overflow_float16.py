from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, around

RULE = find("GC406")


def contract_facts() -> Iterator[Facts]:
    yield from around(
        RULE,
        "5.23.0",
        {"training": {"mixed_precision": "fp16"}},
        {},
    )


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({}, "no"),
        ({"training": {"mixed_precision": "fp16"}}, "fires"),
        ({"training": {"mixed_precision": "fp16"}, "model_type": "gemma4_text"}, "fires"),
        (
            {
                "training": {"mixed_precision": "fp16"},
                "environment": {"UNSLOTH_FORCE_FLOAT32": "1"},
                "unsloth": {"used": True, "backend": "cuda"},
            },
            "no",
        ),
        ({"model": {"dtype": "float16"}, "training": {"mixed_precision": "no"}}, "fires"),
        ({"training": {"mixed_precision": "fp16"}, "model_type": "gemma3"}, "no"),
    ],
)
def test_answers(case: dict[str, Any], expected: str) -> None:
    given = {"model_type": "gemma4", "transformers": "5.23.0", **case}
    assert answer(RULE, facts_for(**given)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{'loss': 2.31, 'grad_norm': nan}",
        "RuntimeError: CUDA error: device-side assert triggered",
    ],
)
def test_symptoms(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)
