from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import B200, L4, facts_for
from tests.rules.made import answer, around

RULE = find("GC1201")
BIG: dict[str, Any] = {"per_device_train_batch_size": 8, "max_length": 2048}


def contract_facts() -> Iterator[Facts]:
    yield from around(
        RULE,
        "5.23.0",
        {"training": BIG, "gpus": (L4,)},
        {"training": BIG, "gpus": (B200,)},
    )


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"gpus": (L4,)}, "no"),
        ({"training": BIG, "gpus": (L4,)}, "fires"),
        ({"training": BIG, "gpus": (B200, L4)}, "fires"),
        ({"training": BIG, "gpus": (B200,)}, "no"),
        ({"training": BIG}, "no"),
        ({"training": {**BIG, "use_liger_kernel": True}, "gpus": (L4,)}, "no"),
        (
            {"model_type": "gemma3n", "training": {**BIG, "use_liger_kernel": True}, "gpus": (L4,)},
            "fires",
        ),
        ({"training": {**BIG, "loss_type": "chunked_nll"}, "gpus": (L4,)}, "no"),
        (
            {"training": {**BIG, "loss_type": "nll"}, "gpus": (L4,), "packages": {"trl": "1.14.0"}},
            "fires",
        ),
        (
            {"training": {**BIG, "loss_type": "nll"}, "gpus": (L4,), "packages": {"trl": "1.15.0"}},
            "no",
        ),
        ({"training": BIG, "gpus": (L4,), "environment": {"UNSLOTH_IS_PRESENT": "1"}}, "no"),
        ({"training": {**BIG, "max_length": None}, "gpus": (L4,)}, "? training.max_length"),
    ],
)
def test_answers(case: dict[str, Any], expected: str) -> None:
    given = {"model_type": "gemma3", "transformers": "5.23.0", **case}
    assert answer(RULE, facts_for(**given)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 16.00 GiB.",
    ],
)
def test_symptoms(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)


@pytest.mark.parametrize(
    ("model", "training", "gib"),
    [
        ({}, {}, "48.0"),  # 8 x 2048 x 262144 x 12 bytes
        ({"final_logit_softcapping": 30.0}, {}, "56.0"),
        ({"dtype": "float32"}, {"mixed_precision": "no"}, "48.0"),
        (
            {"dtype": "float32", "final_logit_softcapping": 30.0},
            {"mixed_precision": "no"},
            "64.0",
        ),
        ({"dtype": "float32"}, {}, "48.0"),
    ],
)
def test_the_arithmetic(model: dict[str, Any], training: dict[str, Any], gib: str) -> None:
    made = facts_for("gemma3", model=model, training={**BIG, **training}, gpus=(L4,))
    assert f"up to {gib} GiB of 22.5" in RULE.describe(made).message
