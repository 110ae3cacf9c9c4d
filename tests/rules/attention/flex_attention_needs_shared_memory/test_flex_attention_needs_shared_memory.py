from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import A100, H100, L4, T4, facts_for
from tests.rules.made import answer, around

RULE = find("GC305")
FLEX: dict[str, Any] = {"attn_implementation": "flex_attention"}


def contract_facts() -> Iterator[Facts]:
    yield from around(
        RULE,
        "5.23.0",
        {"model": FLEX, "gpus": (L4,)},
        {"model": FLEX, "gpus": (H100,)},
    )


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"model": FLEX, "gpus": (L4,)}, "fires"),
        ({"model": FLEX, "gpus": (H100, L4)}, "fires"),
        ({"model": FLEX, "gpus": (H100,)}, "no"),
        ({"model": FLEX, "gpus": (A100,)}, "no"),
        ({"model": FLEX, "gpus": (T4,)}, "no"),
        ({"model": FLEX}, "no"),
        ({"gpus": (L4,)}, "no"),
        ({"model": {**FLEX, "head_dim": 128}, "gpus": (L4,)}, "no"),
        ({"model": FLEX, "gpus": (L4,), "packages": {"torch": "2.9.1"}}, "no"),
    ],
)
def test_answers(case: dict[str, Any], expected: str) -> None:
    given = {"model_type": "gemma3", "transformers": "5.23.0", **case}
    assert answer(RULE, facts_for(**given)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "OutOfMemoryError: out of resource: Required: 140800 Hardware limit: 101376",
    ],
)
def test_symptoms(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)
