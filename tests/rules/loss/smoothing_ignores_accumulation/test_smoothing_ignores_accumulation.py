from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.rules.made import answer, around, facts

RULE = find("GC504")
RUN = {"smooths_labels": True, "gradient_accumulation_steps": 4, "trainer": True}


def contract_facts() -> Iterator[Facts]:
    yield from around(RULE, "5.14.1", {"training": RUN}, {"training": {"smooths_labels": False}})


@pytest.mark.parametrize(
    ("release", "model", "training", "expected"),
    [
        ("4.57.6", {}, {}, "fires"),
        ("5.14.1", {}, {}, "fires"),
        ("5.15.0", {}, {}, "no"),
        ("5.14.1", {"model_type": "gemma4"}, {}, "no"),
        ("4.57.6", {"accepts_loss_kwargs": False}, {}, "no"),
        ("4.57.6", {}, {"smooths_labels": False}, "no"),
        ("4.57.6", {}, {"smooths_labels": UNKNOWN}, "no"),
        ("4.57.6", {}, {"gradient_accumulation_steps": 1}, "no"),
        ("4.57.6", {}, {"trainer": False}, "no"),
    ],
)
def test_answers(
    release: str, model: dict[str, Any], training: dict[str, Any], expected: str
) -> None:
    made = facts(release, {"model_type": "gemma2"} | model, RUN | training)
    assert answer(RULE, made) == expected


def test_the_factor_is_read_from_the_arguments() -> None:
    import gemma_compat

    read = gemma_compat.detect_facts(args={"label_smoothing_factor": 0.1}).training
    assert read.smooths_labels is True
    assert gemma_compat.detect_facts(args={"max_steps": 1}).training.smooths_labels is False
