from __future__ import annotations

from collections.abc import Iterator

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, around

RULE = find("GC708")
PREFIX = {"peft": "PREFIX_TUNING"}


def contract_facts() -> Iterator[Facts]:
    old = {"peft": "0.19.1"}
    yield from around(RULE, "4.57.6", {"model": PREFIX, "packages": old}, {"packages": old})


@pytest.mark.parametrize(
    ("peft", "model", "expected"),
    [
        ("0.15.2", {}, "no"),
        ("0.16.0", {}, "fires"),
        ("0.19.1", {"model_type": "gemma3_text"}, "fires"),
        ("0.19.1", {"model_type": "gemma3"}, "no"),
        ("0.19.1", {"peft": "LORA"}, "no"),
        ("0.20.0", {}, "no"),
    ],
)
def test_answers(peft: str, model: dict[str, str], expected: str) -> None:
    found = {"model_type": "gemma2", **PREFIX, **model}
    made = facts_for(found.pop("model_type"), "4.57.6", model=found, packages={"peft": peft})
    assert answer(RULE, made) == expected
