from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC609")
LIVE: dict[str, Any] = {
    "model_type": "gemma4",
    "live": True,
    "embedding_rows": 262144,
    "per_layer_embedding_rows": 262144,
}


def contract_facts() -> Iterator[Facts]:
    for model_type in ("gemma3n", "gemma3n_text", "gemma4", "gemma4_text"):
        for release in ("4.57.6", "5.5.4", "5.23.0"):
            for adds in (True, False):
                yield facts_for(model_type, release, training={"adds_tokens": adds})


@pytest.mark.parametrize(
    ("release", "model_type", "expected"),
    [
        ("4.57.6", "gemma3n_text", "fires"),
        ("5.5.4", "gemma4", "fires"),
        ("5.6.0", "gemma4", "no"),
        ("5.6.0", "gemma3n_text", "no"),
        ("5.23.0", "gemma3n", "fires"),
        (None, "gemma4", "? packages.transformers"),
    ],
)
def test_releases(release: str | None, model_type: str, expected: str) -> None:
    made = facts(release, LIVE | {"model_type": model_type}, {"adds_tokens": True})
    assert answer(RULE, made) == expected


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({}, {"adds_tokens": False}, "no"),
        ({}, {}, "? training.adds_tokens"),
        ({"embedding_rows": 262208}, {}, "fires"),  # resized already
        ({"per_layer_embedding_rows": None}, {"adds_tokens": True}, "no"),  # 31B
        ({"model_type": "gemma3n_text", "embedding_rows": 262400}, {}, "? training.adds_tokens"),
        ({"model_type": "gemma3n_text", "embedding_rows": 262464}, {}, "fires"),
        ({"model_type": "gemma3", "per_layer_embedding_rows": None}, {"adds_tokens": True}, "no"),
    ],
)
def test_conditions(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts("5.5.4", LIVE | model, training)) == expected


@pytest.mark.parametrize(("layers", "expected"), [(18, "fires"), (0, "no")])
def test_a_config_file(layers: int, expected: str) -> None:
    model = {"model_type": "gemma4", "live": False, "num_kv_shared_layers": layers}
    assert answer(RULE, facts("5.5.4", model, {"adds_tokens": True})) == expected


def test_symptoms() -> None:
    for text in (
        "IndexError: index out of range in self",
        "CUDA error: device-side assert triggered",
    ):
        assert any(re.search(pattern, text) for pattern in RULE.symptoms)
