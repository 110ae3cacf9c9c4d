from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts, Gpu
from gemma_compat.rules import find
from tests.conftest import A100, T4, facts_for
from tests.rules.made import answer, around

RULE = find("GC405")
INT8 = {"quantization": "bitsandbytes", "quantization_bits": 8}


def contract_facts() -> Iterator[Facts]:
    yield from around(
        RULE,
        "5.23.0",
        {"model": INT8},
        {"model": {**INT8, "quantization_bits": 4}},
    )


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({}, "no"),
        ({"model": INT8}, "fires"),
        ({"model": {**INT8, "quantization_bits": 4}}, "no"),
        ({"model": {**INT8, "quantization": "gptq"}}, "no"),
        ({"model": {**INT8, "quantization_bits": UNKNOWN}}, "? model.quantization_bits"),
        ({"model_type": "gemma2", "model": INT8}, "no"),
    ],
)
def test_answers(case: dict[str, Any], expected: str) -> None:
    given = {"model_type": "gemma3", "transformers": "5.23.0", **case}
    assert answer(RULE, facts_for(**given)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "MatMul8bitLt: inputs will be cast from torch.bfloat16 to float16 during quantization",
    ],
)
def test_symptoms(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)


@pytest.mark.parametrize(
    ("gpus", "dtype"), [((), "bfloat16"), ((A100,), "bfloat16"), ((T4,), "float32")]
)
def test_the_four_bits_compute_in_what_the_card_has(gpus: tuple[Gpu, ...], dtype: str) -> None:
    said = RULE.problem(facts_for("gemma3", "5.23.0", model=INT8, gpus=gpus)).help
    assert f"bnb_4bit_compute_dtype=torch.{dtype})" in said
