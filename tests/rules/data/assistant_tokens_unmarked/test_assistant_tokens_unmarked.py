from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer

RULE = find("GC806")


def made(
    model_type: str, marks: Any = False, asks: Any = True, trl: str | None = "1.16.0"
) -> Facts:
    return facts_for(
        model_type,
        "5.23.0",
        packages={"trl": trl},
        training={"assistant_only_loss": asks},
        tokenizer={"template_marks_generation": marks},
    )


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (made("gemma4"), "fires"),
        (made("gemma4_text"), "fires"),
        (made("gemma3"), "no"),  # TRL has a marked template for it
        (made("gemma4", marks=True), "no"),
        (made("gemma4", asks=False), "no"),
        (made("gemma4", trl=None), "no"),
        (made("gemma4", marks=UNKNOWN), "? tokenizer.template_marks_generation"),
        (made("gemma4", asks=UNKNOWN), "? training.assistant_only_loss"),
    ],
)
def test_conditions(facts: Facts, expected: str) -> None:
    assert answer(RULE, facts) == expected


def contract_facts() -> Iterator[Facts]:
    for model_type in sorted(RULE.model_types):
        for marks in (True, False):
            yield made(model_type, marks=marks)
