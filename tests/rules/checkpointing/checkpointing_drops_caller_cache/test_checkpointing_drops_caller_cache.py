from __future__ import annotations

from typing import Any

import pytest

from gemma_compat.rules import find
from tests.rules.made import answer, facts

RULE = find("GC204")
PREFIX = {"model_type": "gemma3_text", "peft": "PREFIX_TUNING"}
CHECKPOINTS = {"gradient_checkpointing": True}


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("4.52.4", "no"),
        ("4.53.0", "fires"),
        ("4.57.6", "fires"),
        ("5.1.0", "fires"),
        ("5.2.0", "no"),
        ("5.2.0.dev0", "? packages.transformers"),
        ("5.23.0", "no"),
        (None, "? packages.transformers"),
    ],
)
def test_releases(release: str | None, expected: str) -> None:
    assert answer(RULE, facts(release, PREFIX, CHECKPOINTS)) == expected


@pytest.mark.parametrize(
    ("release", "expected"), [("4.52.4", "no"), ("4.57.6", "fires"), ("5.0.0rc0", "fires")]
)
@pytest.mark.parametrize("model_type", ["gemma3", "paligemma"])
def test_multimodal_releases(model_type: str, release: str, expected: str) -> None:
    made = facts(release, {**PREFIX, "model_type": model_type}, CHECKPOINTS)
    assert answer(RULE, made) == expected


@pytest.mark.parametrize(
    ("peft", "training", "expected"),
    [
        ("PREFIX_TUNING", {"trainer": True}, "fires"),
        ("PREFIX_TUNING", {"gradient_checkpointing": False}, "no"),
        ("LORA", {"trainer": True}, "no"),
        (None, {"passes_cache": True}, "fires"),
        (None, {"passes_cache": False}, "no"),
        (None, {}, "? training.passes_cache"),
    ],
)
def test_conditions(peft: str | None, training: dict[str, Any], expected: str) -> None:
    made = facts("4.57.6", {"model_type": "gemma2", "peft": peft}, {**CHECKPOINTS, **training})
    assert answer(RULE, made) == expected


def test_unknown_checkpointing() -> None:
    assert answer(RULE, facts("4.57.6", PREFIX, {})) == "? training.gradient_checkpointing"
