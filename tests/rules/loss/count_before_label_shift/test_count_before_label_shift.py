from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC502")
RUN = {"trainer": True, "first_token_trained": True}


@pytest.mark.parametrize(
    ("release", "model_type", "expected"),
    [
        ("4.48.3", "gemma2", "fires"),
        ("5.9.0", "gemma3_text", "fires"),
        ("5.10.1", "gemma3_text", "no"),
        ("4.51.3", "paligemma", "no"),  # there the count is not heeded at all: GC501
        ("4.52.4", "paligemma", "fires"),
        ("5.5.4", "gemma4", "no"),
        (None, "gemma2", "? packages.transformers"),
    ],
)
def test_releases(release: str | None, model_type: str, expected: str) -> None:
    assert answer(RULE, facts(release, {"model_type": model_type}, RUN)) == expected


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({}, {"trainer": False}, "no"),
        ({}, {"first_token_trained": False}, "no"),
        ({}, {"first_token_trained": UNKNOWN}, "? training.first_token_trained"),
        ({"accepts_loss_kwargs": False}, {}, "no"),  # the Trainer divides, and counts nothing
        ({"accepts_loss_kwargs": None}, {}, "fires"),
    ],
)
def test_conditions(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    made = facts("4.57.6", {"model_type": "gemma2", **model}, {**RUN, **training})
    assert answer(RULE, made) == expected


def contract_facts() -> Iterator[Facts]:
    for model_type in sorted(RULE.model_types):
        for release in ("4.57.6", "5.9.0", "5.10.0"):
            for trained in (True, False):
                yield facts_for(model_type, release, training={"first_token_trained": trained})
