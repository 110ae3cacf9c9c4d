from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, around

RULE = find("GC407")
HALF: dict[str, Any] = {
    "model": {"dtype": "float16"},
    "training": {"mixed_precision": "no", "images": True},
}


def contract_facts() -> Iterator[Facts]:
    yield from around(
        RULE,
        "5.9.0",
        {"model": {"dtype": "float16"}, "training": {"mixed_precision": "no", "images": True}},
        {"training": {"images": True}},
    )


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({}, "no"),
        (HALF, "fires"),
        ({**HALF, "transformers": "5.10.1"}, "no"),
        ({**HALF, "transformers": "5.5.0"}, "fires"),
        ({**HALF, "training": {"mixed_precision": "no", "images": False}}, "no"),
        ({**HALF, "training": {"mixed_precision": "no", "images": UNKNOWN}}, "? training.images"),
        ({**HALF, "model": {}}, "no"),
    ],
)
def test_answers(case: dict[str, Any], expected: str) -> None:
    given = {"model_type": "gemma4", "transformers": "5.9.0", **case}
    assert answer(RULE, facts_for(**given)) == expected
