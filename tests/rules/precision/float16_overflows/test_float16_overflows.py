from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts, UnslothFacts
from gemma_compat.rules import find
from tests.conftest import A100, T4, facts_for
from tests.rules.made import answer, around

RULE = find("GC401")
FP16 = {"mixed_precision": "fp16"}
FORCED: dict[str, Any] = {
    "environment": {"UNSLOTH_FORCE_FLOAT32": "1"},
    "unsloth": {"used": True, "backend": "cuda"},
}


def contract_facts() -> Iterator[Facts]:
    yield from around(
        RULE,
        "5.23.0",
        {"training": FP16},
        {"training": FP16, "gpus": (T4,)},
        {"training": FP16, "gpus": (A100,)},
        {},
        {"training": FP16, **FORCED},
        {"training": FP16, "transformers": "4.49.0"},
    )


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({}, {}, "no"),
        ({}, FP16, "fires"),
        ({"dtype": "float32"}, FP16, "fires"),
        ({"dtype": "float16"}, {"mixed_precision": "no"}, "fires"),
        ({"dtype": "float16"}, {"mixed_precision": "bf16"}, "no"),
        ({"compute_dtype": "float16"}, {}, "fires"),
        ({"compute_dtype": "bfloat16"}, {}, "no"),
        ({"compute_dtype": "float32"}, {"mixed_precision": "no"}, "no"),
        ({"quantization_bits": 8}, {}, "no"),
        ({"model_type": "gemma2"}, FP16, "no"),
        ({"model_type": "gemma4"}, FP16, "no"),
        ({}, {"mixed_precision": UNKNOWN}, "? training.mixed_precision"),
        ({"compute_dtype": UNKNOWN}, FP16, "fires"),
    ],
)
def test_answers(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    given = {"model_type": "gemma3", **model}
    made = facts_for(given.pop("model_type"), "5.23.0", model=given, training=training)
    assert answer(RULE, made) == expected


def test_unsloths_own_float32_is_left_alone() -> None:
    made = facts_for("gemma3", training=FP16, **FORCED)
    assert answer(RULE, made) == "no"
    unsure = made.replace(environment=UNKNOWN, unsloth=UnslothFacts())
    assert answer(RULE, unsure) == "? environment"
    for environment in (UNKNOWN, made.environment):  # nobody reads the variable
        without = made.replace(environment=environment, unsloth=UnslothFacts(used=False))
        assert answer(RULE, without) == "fires"


@pytest.mark.parametrize(
    ("gpus", "advice"),
    [
        ((), "bf16=True on a GPU of compute capability 8.0 or newer"),
        ((A100,), "fp16=False, bf16=True"),
        ((T4,), "since Tesla T4 has no bfloat16"),
        ((A100, T4), "since Tesla T4 has no bfloat16"),  # the weakest card decides
    ],
)
def test_the_advice_is_for_the_weakest_card(gpus: tuple[Any, ...], advice: str) -> None:
    assert advice in RULE.describe(facts_for("gemma3", training=FP16, gpus=gpus)).help


@pytest.mark.parametrize(
    "text",
    [
        "{'loss': 0.0, 'grad_norm': nan, 'learning_rate': 0.0002}",
        "{'loss': '0.0', 'grad_norm': 'nan'}",
        "{'loss': nan, 'grad_norm': nan}",
        "RuntimeError: probability tensor contains either `inf`, `nan` or element < 0",
    ],
)
def test_symptoms(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)


@pytest.mark.parametrize(
    ("model", "training", "cause"),
    [
        ({}, {"mixed_precision": "fp16"}, "fp16=True"),
        (
            {"compute_dtype": "float16", "quantization_bits": 4},
            {"mixed_precision": "no"},
            "bnb_4bit_compute_dtype is float16",
        ),
        ({"dtype": "float16"}, {"mixed_precision": "no"}, "the weights are float16"),
    ],
)
def test_it_says_how_the_run_comes_to_float16(
    model: dict[str, Any], training: dict[str, Any], cause: str
) -> None:
    made = facts_for("gemma3", "5.23.0", model=model, training=training)
    assert cause in RULE.problem(made).message


@pytest.mark.parametrize(
    ("model", "named"),
    [
        ({}, False),
        ({"quantization_bits": 4}, True),
        ({"compute_dtype": "float16"}, True),
        ({"quantization_bits": 8}, False),
    ],
)
def test_the_advice_names_the_dtype_of_four_bit_layers_where_there_are_any(
    model: dict[str, Any], named: bool
) -> None:
    for gpus in ((), (T4,), (A100,)):
        run = {"mixed_precision": "fp16"}
        made = facts_for("gemma3", "5.23.0", model=model, training=run, gpus=gpus)
        assert ("bnb_4bit_compute_dtype" in RULE.problem(made).help) is named
