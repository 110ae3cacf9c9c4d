from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC801")
MODEL = {"use_bidirectional_attention": "vision"}
RUN = {"supplies_token_types": False}


@pytest.mark.parametrize(
    ("release", "model_type", "expected"),
    [
        ("4.57.6", "gemma3", "no"),
        ("5.0.0rc0", "gemma3", "fires"),
        ("5.5.4", "gemma3", "fires"),
        ("5.6.0", "gemma3", "no"),
        ("4.57.6", "paligemma", "no"),
        ("5.8.1", "paligemma", "fires"),
        ("5.9.0", "paligemma", "no"),
        ("5.5.0", "gemma4", "fires"),
        ("5.6.0", "gemma4", "no"),
        ("5.5.0", "gemma3_text", "no"),
        (None, "gemma3", "? packages.transformers"),
    ],
)
def test_releases(release: str | None, model_type: str, expected: str) -> None:
    assert answer(RULE, facts(release, {"model_type": model_type, **MODEL}, RUN)) == expected


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({}, {"supplies_token_types": True}, "no"),
        ({}, {"supplies_token_types": UNKNOWN}, "? training.supplies_token_types"),
        ({"use_bidirectional_attention": None}, {}, "no"),
        ({"use_bidirectional_attention": UNKNOWN}, {}, "? model.use_bidirectional_attention"),
    ],
)
def test_conditions(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    made = facts("5.5.4", {"model_type": "gemma4", **MODEL, **model}, {**RUN, **training})
    assert answer(RULE, made) == expected


def test_what_it_says() -> None:
    said = {
        name: RULE.describe(facts("5.5.4", {"model_type": name}, RUN)) for name in RULE.model_types
    }
    assert "ones_like" in said["paligemma"].help and "zeros_like" in said["gemma3"].help
    assert "without mm_token_type_ids" in said["gemma4"].message


def contract_facts() -> Iterator[Facts]:
    for model_type in sorted(RULE.model_types):
        for release in ("5.5.4", "5.9.0"):
            for given in (True, False):
                run = {"supplies_token_types": given}
                yield facts_for(model_type, release, model=MODEL, training=run)
