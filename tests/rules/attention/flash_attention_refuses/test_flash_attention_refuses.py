from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.conftest import A100, H100, L4, T4, facts_for
from tests.rules.made import answer, around

RULE = find("GC304")
ABSENT: dict[str, Any] = {"packages": {"flash-attn": None}}
FLASH: dict[str, Any] = {"attn_implementation": "flash_attention_2"}


def contract_facts() -> Iterator[Facts]:
    yield from around(
        RULE,
        "5.23.0",
        {"model": FLASH, "gpus": (T4,), **ABSENT},
        {"model": FLASH, "gpus": (A100,), **ABSENT},
        {"gpus": (T4,), **ABSENT},
        {"model": {**FLASH, "global_head_dim": 512}, "gpus": (A100,), **ABSENT},
        {"model": FLASH, "gpus": (L4,), "packages": {"flash-attn": "2.5.4"}},
    )


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"model": FLASH, "gpus": (A100,)}, "no"),
        ({"model": FLASH, "gpus": (A100, T4)}, "fires"),
        ({"gpus": (T4,)}, "no"),
        (
            {"model_type": "gemma4", "model": {**FLASH, "global_head_dim": 512}, "gpus": (H100,)},
            "fires",
        ),
        (
            {"model_type": "gemma4", "model": {**FLASH, "global_head_dim": 256}, "gpus": (H100,)},
            "no",
        ),
        ({"model_type": "gemma4", "model": {"global_head_dim": 512}, "gpus": (H100,)}, "no"),
        ({"model": FLASH, "gpus": (L4,), "packages": {"flash-attn": "2.5.4"}}, "fires"),
        ({"model": FLASH, "gpus": (L4,), "packages": {"flash-attn": "2.5.5"}}, "no"),
        ({"model": FLASH, "gpus": (A100,), "packages": {"flash-attn": "2.5.4"}}, "no"),
        (
            {
                "model": {**FLASH, "head_dim": 128},
                "gpus": (L4,),
                "packages": {"flash-attn": "2.5.4"},
            },
            "no",
        ),
        ({"model": {"attn_implementation": UNKNOWN}, "gpus": (T4,)}, "? model.attn_implementation"),
    ],
)
def test_answers(case: dict[str, Any], expected: str) -> None:
    given = {"model_type": "gemma3", "transformers": "5.23.0", **case}
    assert answer(RULE, facts_for(**given)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "RuntimeError: FlashAttention only supports Ampere GPUs or newer.",
        "RuntimeError: FlashAttention forward only supports head dimension at most 256",
        "FlashAttention backward for head dim > 192 requires A100/A800 or H100/H800",
    ],
)
def test_symptoms(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)
