from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.rules.made import answer, around, facts

RULE = find("GC505")
RUN = {"smooths_labels": True, "trainer": True}


def contract_facts() -> Iterator[Facts]:
    yield from around(RULE, "5.23.0", {"training": RUN}, {"training": {"smooths_labels": False}})


@pytest.mark.parametrize(
    ("model_type", "training", "expected"),
    [
        ("paligemma", {}, "fires"),
        ("gemma3", {}, "no"),
        ("paligemma", {"smooths_labels": False}, "no"),
        ("paligemma", {"smooths_labels": UNKNOWN}, "no"),
        ("paligemma", {"trainer": False}, "no"),
    ],
)
def test_answers(model_type: str, training: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts("5.23.0", {"model_type": model_type}, RUN | training)) == expected
