from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.rules.made import answer, around, facts

RULE = find("GC107")
MODEL = {
    "model_type": "recurrent_gemma",
    "use_cache": True,
    "sliding_window": 2048,
    "gradient_checkpointing": False,
    "external_checkpointing": False,
}
SHORT = {
    "max_length": 1024,
    "gradient_checkpointing": False,
    "external_checkpointing": False,
    "use_reentrant": None,
}
REENTRANT = {**SHORT, "gradient_checkpointing": True, "use_reentrant": True}


def contract_facts() -> Iterator[Facts]:
    live = {name: value for name, value in MODEL.items() if name != "model_type"}
    yield from around(
        RULE, "4.57.6", {"model": live, "training": SHORT}, {"model": live, "training": REENTRANT}
    )


@pytest.mark.parametrize(
    ("release", "model", "training", "expected"),
    [
        ("4.57.6", {}, SHORT, "fires"),
        ("4.57.6", {"use_cache": False}, SHORT, "fires"),
        ("4.57.6", {}, REENTRANT, "no"),
        ("4.57.6", {}, {**REENTRANT, "use_reentrant": False}, "fires"),
        ("4.57.6", {}, {**REENTRANT, "max_length": 4096}, "fires"),
        ("4.57.6", {}, {**REENTRANT, "max_length": UNKNOWN}, "? training.max_length"),
        ("5.0.0rc3", {}, SHORT, "fires"),
        ("5.0.0", {"use_cache": False}, SHORT, "no"),
        ("5.3.0", {}, SHORT, "fires"),
        ("5.3.0", {"use_cache": False}, {**SHORT, "max_length": 4096}, "fires"),
        ("5.4.0", {}, SHORT, "no"),
        ("4.57.6", {"model_type": "gemma2"}, SHORT, "no"),
    ],
)
def test_answers(
    release: str, model: dict[str, Any], training: dict[str, Any], expected: str
) -> None:
    assert answer(RULE, facts(release, MODEL | model, training)) == expected
