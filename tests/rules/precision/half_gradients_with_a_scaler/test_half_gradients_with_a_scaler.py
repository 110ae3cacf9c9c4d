from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts, Gpu
from gemma_compat.rules import find
from tests.conftest import A100, T4, facts_for
from tests.rules.made import answer, around

RULE = find("GC403")
FP16: dict[str, Any] = {"training": {"mixed_precision": "fp16"}}


def contract_facts() -> Iterator[Facts]:
    yield from around(
        RULE,
        "5.23.0",
        {"training": {"mixed_precision": "fp16"}},
        {"training": {"mixed_precision": "fp16"}, "model": {"dtype": "float32"}},
    )


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({}, "no"),
        ({"training": {"mixed_precision": "fp16"}}, "fires"),
        ({**FP16, "model": {"dtype": "float16"}}, "fires"),
        ({**FP16, "model": {"dtype": "float32"}}, "no"),
        ({**FP16, "model": {"peft": "LORA"}}, "no"),
        ({"training": {"mixed_precision": "fp16", "peft": True}}, "no"),
        ({**FP16, "model": {"dtype": UNKNOWN}}, "? model.dtype"),
    ],
)
def test_answers(case: dict[str, Any], expected: str) -> None:
    given = {"model_type": "gemma2", "transformers": "5.23.0", **case}
    assert answer(RULE, facts_for(**given)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "ValueError: Attempting to unscale FP16 gradients.",
        "\"_amp_foreach_non_finite_check_and_unscale_cuda\" not implemented for 'BFloat16'",
    ],
)
def test_symptoms(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)


@pytest.mark.parametrize(
    ("model_type", "gpus", "says"),
    [
        ("gemma2", (T4,), "from_pretrained(..., dtype=torch.float32), since Tesla T4 has no"),
        ("gemma2", (A100, T4), "since Tesla T4 has no bfloat16"),
        ("gemma2", (A100,), "bf16=True"),
        ("gemma2", (), "bf16=True"),
    ],
)
def test_the_help_is_what_the_card_can_run(
    model_type: str, gpus: tuple[Gpu, ...], says: str
) -> None:
    made = facts_for(model_type, "5.23.0", gpus=gpus, training={"mixed_precision": "fp16"})
    assert says in RULE.problem(made).help


@pytest.mark.parametrize("model_type", ["gemma3", "gemma3n", "gemma4", "shieldgemma2"])
def test_a_model_that_overflows_float16_is_told_to_leave_it(model_type: str) -> None:
    """Float32 weights alone would still autocast to float16."""
    made = facts_for(model_type, "5.23.0", gpus=(T4,), training={"mixed_precision": "fp16"})
    assert RULE.problem(made).help.startswith("fp16=False")
