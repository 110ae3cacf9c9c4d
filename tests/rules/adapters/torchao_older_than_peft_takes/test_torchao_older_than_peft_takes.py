from __future__ import annotations

import re
from typing import Any

import pytest

from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer

RULE = find("GC707")


@pytest.mark.parametrize(
    ("peft", "torchao", "more", "expected"),
    [
        ("0.19.1", "0.10.0", {}, "fires"),  # Colab since April 2026
        ("0.18.1", "0.10.0", {}, "no"),
        ("0.19.1", "0.16.0", {}, "no"),
        ("0.19.1", None, {}, "no"),
        ("0.19.1", "0.10.0", {"model": {"quantization": "bitsandbytes"}}, "no"),
        ("0.19.1", "0.10.0", {"training": {"peft": False}}, "no"),
    ],
)
def test_pairs(peft: str, torchao: str | None, more: dict[str, Any], expected: str) -> None:
    given: dict[str, Any] = {
        "packages": {"peft": peft, "torchao": torchao},
        "model": {"quantization": None, **more.get("model", {})},
        "training": {"peft": True, **more.get("training", {})},
    }
    assert answer(RULE, facts_for("gemma3", "5.9.0", **given)) == expected


def test_its_text_is_known() -> None:
    text = (
        "ImportError: Found an incompatible version of torchao. Found version 0.10.0, but only "
        "versions above 0.16.0 are supported"
    )
    assert any(re.search(symptom, text) for symptom in RULE.symptoms)
