from __future__ import annotations

from collections.abc import Iterator

import pytest

from gemma_compat.engine.diagnosis import judge
from gemma_compat.engine.rule import Finding
from gemma_compat.facts import Facts, Package
from gemma_compat.rules import find
from gemma_compat.tables.families import KNOWN_MODEL_TYPES
from tests.conftest import facts_for
from tests.rules.made import answer

RULE = find("GC1104")
ALLOWED = {"transformers": ">=4.52.4,!=5.0.0,<=5.17.0", "trl": "<=1.15.0", "peft": ">=0.18.0"}


def made(
    model_type: str = "gemma3", transformers: str = "5.18.0", trl: str | None = "1.15.0"
) -> Facts:
    return facts_for(
        model_type,
        transformers,
        packages={"unsloth": "2026.10.9", "trl": trl, "peft": "0.21.2"},
        unsloth={"used": True, "requires": ALLOWED},
    )


def contract_facts() -> Iterator[Facts]:
    for model_type in KNOWN_MODEL_TYPES:
        yield made(model_type)
        yield made(model_type, "5.17.0")


@pytest.mark.parametrize(
    ("transformers", "trl", "expected"),
    [
        ("5.17.0", "1.15.0", "no"),
        ("5.18.0", "1.15.0", "fires"),
        ("5.0.0", "1.15.0", "fires"),
        ("5.17.0", "1.16.0", "fires"),
        ("5.17.0", None, "no"),
    ],
)
def test_it(transformers: str, trl: str | None, expected: str) -> None:
    assert answer(RULE, made(transformers=transformers, trl=trl)) == expected


def test_it_says_what_is_allowed() -> None:
    problem = RULE.describe(made())
    assert "transformers 5.18.0 (it allows >=4.52.4,!=5.0.0,<=5.17.0)" in problem.message


@pytest.mark.parametrize("unread", ["transformers", "trl", "peft"])
def test_a_release_that_cannot_be_read_hides_no_other(unread: str) -> None:
    facts = made(transformers="5.18.0", trl="1.16.0")
    facts = facts.replace(packages={**facts.packages, unread: Package(name=unread)})
    given = judge(RULE, facts)
    assert isinstance(given, Finding)
    outside = {"transformers", "trl"} - {unread}
    assert all(f"{name} " in given.problem.message for name in outside)
    assert unread not in given.problem.message
