from __future__ import annotations

from collections.abc import Iterator

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from gemma_compat.tables.families import KNOWN_MODEL_TYPES
from tests.conftest import facts_for
from tests.rules.made import answer

RULE = find("GC1102")


def made(model_type: str = "gemma3", zoo: str | None = "2025.8.9", used: object = True) -> Facts:
    return facts_for(
        model_type,
        "4.55.4",
        packages={"unsloth": "2025.9.2", "unsloth-zoo": zoo},
        unsloth={"used": used, "requires": {"unsloth-zoo": ">=2025.9.3"}},
    )


def contract_facts() -> Iterator[Facts]:
    for model_type in KNOWN_MODEL_TYPES:
        yield made(model_type)
        yield made(model_type, zoo="2025.9.3")


@pytest.mark.parametrize(
    ("zoo", "used", "expected"),
    [
        ("2025.9.2", True, "fires"),
        ("2025.9.3", True, "no"),
        (None, True, "fires"),
        ("2025.9.2", False, "no"),
        ("2025.9.2", UNKNOWN, "? unsloth.used"),
    ],
)
def test_it(zoo: str | None, used: object, expected: str) -> None:
    assert answer(RULE, made(zoo=zoo, used=used)) == expected


def test_metadata_that_does_not_name_the_other_half_leaves_it_open() -> None:
    facts = made()
    facts = facts.replace(unsloth=facts.unsloth.replace(requires={}))
    assert answer(RULE, facts) == "? unsloth.requires"
