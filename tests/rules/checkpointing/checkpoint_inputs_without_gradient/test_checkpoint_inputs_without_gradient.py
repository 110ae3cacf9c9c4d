from __future__ import annotations

from collections.abc import Iterator

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, around

RULE = find("GC209")
CUT = {"external_checkpointing": True, "external_reentrant": True, "external_cuts_gradients": True}


def contract_facts() -> Iterator[Facts]:
    yield from around(RULE, "5.23.0", {"model": CUT}, {})


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (CUT, "fires"),
        ({**CUT, "external_cuts_gradients": False}, "no"),
        ({"external_cuts_gradients": UNKNOWN}, "no"),  # no model in hand
    ],
)
def test_answers(model: dict[str, object], expected: str) -> None:
    assert answer(RULE, facts_for("t5gemma", "4.57.6", model=model)) == expected
