from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from gemma_compat.tables.families import KNOWN_MODEL_TYPES
from tests.conftest import facts_for
from tests.rules.made import answer

RULE = find("GC1101")
LATE = {"used": True, "imported_after": ("transformers", "trl"), "backend": "cuda"}


def made(model_type: str = "gemma3", **unsloth: Any) -> Facts:
    return facts_for(
        model_type, "5.17.0", packages={"unsloth": "2026.10.9"}, unsloth={**LATE, **unsloth}
    )


def contract_facts() -> Iterator[Facts]:
    for model_type in KNOWN_MODEL_TYPES:
        yield made(model_type)
        yield made(model_type, imported_after=())


@pytest.mark.parametrize(
    ("unsloth", "expected"),
    [
        ({}, "fires"),
        ({"imported_after": ()}, "no"),
        ({"used": False}, "no"),
        ({"used": UNKNOWN}, "? unsloth.used"),
        ({"backend": "cpu"}, "no"),
        ({"backend": UNKNOWN}, "? unsloth.backend"),
    ],
)
def test_it(unsloth: dict[str, Any], expected: str) -> None:
    assert answer(RULE, made(**unsloth)) == expected


def test_it_names_what_came_first() -> None:
    assert "after transformers, trl" in RULE.describe(made()).message
