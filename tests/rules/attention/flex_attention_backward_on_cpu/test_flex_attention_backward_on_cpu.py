from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import L4, facts_for
from tests.rules.made import answer, around

RULE = find("GC307")
FLEX: dict[str, Any] = {"attn_implementation": "flex_attention"}


def contract_facts() -> Iterator[Facts]:
    yield from around(
        RULE,
        "5.23.0",
        {"model": FLEX},
        {"model": FLEX, "gpus": (L4,)},
    )


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"model": FLEX}, "fires"),
        ({"model": FLEX, "gpus": (L4,)}, "no"),
        ({}, "no"),
    ],
)
def test_answers(case: dict[str, Any], expected: str) -> None:
    given = {"model_type": "gemma3", "transformers": "5.23.0", **case}
    assert answer(RULE, facts_for(**given)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "NotImplementedError: FlexAttention does not support backward on CPU.",
    ],
)
def test_symptoms(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)
