from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC803")
MODEL = {"model_type": "gemma3_text", "attn_implementation": "sdpa"}


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("4.48.3", "fires"),
        ("4.52.4", "fires"),
        ("4.53.0", "fires"),
        ("4.53.1", "no"),
        ("5.23.0", "no"),
        (None, "? packages.transformers"),
    ],
)
def test_releases(release: str | None, expected: str) -> None:
    assert answer(RULE, facts(release, MODEL, {"packing": True})) == expected


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({}, {"packing": False}, "no"),
        ({}, {"packing": UNKNOWN}, "? training.packing"),
        ({"attn_implementation": "eager"}, {}, "fires"),
        ({"attn_implementation": "flash_attention_2"}, {}, "no"),
        ({"attn_implementation": "kernels-community/vllm-flash-attn3"}, {}, "no"),
        ({"attn_implementation": UNKNOWN}, {}, "? model.attn_implementation"),
    ],
)
def test_conditions(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    made = facts("4.52.4", {**MODEL, **model}, {"packing": True, **training})
    assert answer(RULE, made) == expected


def contract_facts() -> Iterator[Facts]:
    for model_type in sorted(RULE.model_types):
        for release in ("4.52.4", "4.53.1"):
            for packing in (True, False):
                yield facts_for(model_type, release, training={"packing": packing})
