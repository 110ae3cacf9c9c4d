from __future__ import annotations

import re
from typing import Any

import pytest

from gemma_compat.rules import find
from tests.rules.made import answer, facts

RULE = find("GC103")
GEMMA3 = {"model_type": "gemma3", "use_cache": True, "keys_to_ignore_at_inference": ()}
PALIGEMMA = {"model_type": "paligemma", "use_cache": True, "keys_to_ignore_at_inference": None}
GATHERS = {"gathers_outputs": True}


@pytest.mark.parametrize(
    ("release", "model", "expected"),
    [
        ("5.3.0", GEMMA3, "no"),
        ("5.4.0", GEMMA3, "fires"),
        ("5.19.0", GEMMA3, "fires"),
        ("5.20.0", GEMMA3, "no"),
        ("5.20.0.dev0", GEMMA3, "? packages.transformers"),
        ("4.48.3", PALIGEMMA, "fires"),
        ("4.49.0", PALIGEMMA, "no"),
        ("5.5.0", PALIGEMMA, "no"),
        ("4.48.3", {**PALIGEMMA, "model_type": "gemma2"}, "no"),
        (None, GEMMA3, "? packages.transformers"),
    ],
)
def test_releases(release: str | None, model: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts(release, model, GATHERS)) == expected


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({}, {}, "fires"),
        ({}, {"gathers_outputs": False}, "no"),
        ({"keys_to_ignore_at_inference": ("past_key_values",)}, {}, "no"),
        ({"keys_to_ignore_at_inference": ("other",)}, {}, "fires"),
        ({"use_cache": False}, {}, "no"),
        # A Trainer writes to the top-level config, which a Gemma 3 does not read.
        ({}, {"trainer": True, "use_cache": False}, "fires"),
        ({"model_type": "gemma4"}, {"trainer": True, "use_cache": False}, "no"),
        ({"model_type": "gemma4"}, {"trainer": True, "use_cache": True}, "fires"),
        ({"model_type": "gemma4"}, {"trainer": True}, "? training.use_cache"),
        ({"model_type": "gemma4"}, {}, "? training.trainer"),
        ({"model_type": "gemma3_text"}, {}, "no"),
    ],
)
def test_conditions(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts("5.5.0", {**GEMMA3, **model}, {**GATHERS, **training})) == expected


def test_unknown() -> None:
    assert answer(RULE, facts("5.5.0", GEMMA3, {})) == "? training.gathers_outputs"
    keys_unknown = {"model_type": "gemma3", "use_cache": True}
    expected = "? model.keys_to_ignore_at_inference"
    assert answer(RULE, facts("5.5.0", keys_unknown, GATHERS)) == expected


@pytest.mark.parametrize("cache", ["DynamicCache", "HybridCache"])
def test_symptom(cache: str) -> None:
    text = (
        f"TypeError: Unsupported types (<class 'transformers.cache_utils.{cache}'>) passed to "
        "`_pad_across_processes`. Only nested list/tuple/dicts of objects"
    )
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)
