from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.rules.made import answer, around, facts

RULE = find("GC203")
GEMMA3 = {"model_type": "gemma3", "use_cache": True}
OUTSIDE = {"external_checkpointing": True}
RUN = {**OUTSIDE, "trainer": False}


def contract_facts() -> Iterator[Facts]:
    """On both sides of 5.0, with and without shared layers, and with a Gemma 1 inside."""
    models = ({}, {"num_kv_shared_layers": 0}, {"text_model_type": "gemma"}, {"use_cache": False})
    for release in ("4.57.6", "5.0.0rc0", "5.23.0"):
        yield from around(RULE, release, *({"model": model, "training": RUN} for model in models))


def sharing(model_type: str, layers: int) -> dict[str, Any]:
    return {"model_type": model_type, "use_cache": True, "num_kv_shared_layers": layers}


BY_HAND = {**OUTSIDE, "trainer": False}


@pytest.mark.parametrize(
    ("release", "model", "expected"),
    [
        ("4.57.6", GEMMA3, "no"),
        ("5.0.0rc0", GEMMA3, "no"),
        ("5.0.0rc1", GEMMA3, "fires"),
        ("4.57.6", {**GEMMA3, "model_type": "vaultgemma"}, "no"),
        ("5.0.0rc0", {**GEMMA3, "model_type": "vaultgemma"}, "fires"),
        ("5.23.0", GEMMA3, "fires"),
        ("5.5.4", sharing("gemma3n", 10), "no"),
        ("5.6.0", sharing("gemma3n", 10), "fires"),
        ("5.0.0", sharing("gemma3n", 0), "fires"),
        ("5.5.1", sharing("gemma4", 18), "no"),
        ("5.5.2", sharing("gemma4", 18), "fires"),
        ("5.5.0", sharing("gemma4", 0), "fires"),
        ("5.23.0", sharing("gemma9", 0), "fires"),
        ("5.23.0", sharing("t5gemma", 0), "no"),  # right in the matrix, wrapped either way
        ("5.23.0", sharing("gemma4_unified", 0), "fires"),
        ("4.50.3", {**GEMMA3, "model_type": "gemma"}, "fires"),
        ("4.57.6", {**GEMMA3, "model_type": "gemma"}, "fires"),
        ("4.57.6", {**GEMMA3, "model_type": "paligemma", "text_model_type": "gemma"}, "fires"),
        ("4.57.6", {**GEMMA3, "model_type": "paligemma", "text_model_type": "gemma2"}, "no"),
        (None, GEMMA3, "? packages.transformers"),
    ],
)
def test_releases(release: str | None, model: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts(release, model, BY_HAND)) == expected


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({}, {"external_checkpointing": False}, "no"),
        ({"use_cache": False}, {}, "no"),
        ({"external_checkpointing": True}, {"external_checkpointing": False}, "fires"),
        # A Trainer writes to the top-level config, which a Gemma 3 does not read.
        ({}, {"trainer": True, "use_cache": False}, "fires"),
        ({"model_type": "gemma2"}, {"trainer": True, "use_cache": False}, "no"),
        ({"model_type": "gemma2"}, {"trainer": True, "use_cache": True}, "fires"),
        ({"model_type": "gemma2"}, {"trainer": False}, "fires"),
        ({"model_type": "gemma2"}, {}, "? training.trainer"),
    ],
)
def test_conditions(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts("5.23.0", {**GEMMA3, **model}, {**OUTSIDE, **training})) == expected


def test_unknown() -> None:
    assert answer(RULE, facts("5.23.0", GEMMA3, {})) == "? training.external_checkpointing"
    no_layers = {"model_type": "gemma4", "use_cache": True}
    assert answer(RULE, facts("5.23.0", no_layers, BY_HAND)) == "? model.num_kv_shared_layers"


@pytest.mark.parametrize(
    "text",
    [
        "The size of tensor a (48) must match the size of tensor b (24) at non-singleton",
        "Recomputed values for the following tensors have different metadata",
    ],
)
def test_symptoms(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)
