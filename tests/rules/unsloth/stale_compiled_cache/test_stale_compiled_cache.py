from __future__ import annotations

from collections.abc import Iterator

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from gemma_compat.tables.families import KNOWN_MODEL_TYPES
from tests.conftest import facts_for
from tests.rules.made import answer

RULE = find("GC1103")
NOW = "unsloth-zoo 2026.10.9, unsloth 2026.10.9, transformers 5.17.0, trl 1.15.0"
BEFORE = "unsloth-zoo 2026.9.9, unsloth 2026.9.14, transformers 5.5.0, trl 0.24.0"


def made(model_type: str = "gemma3", caches: tuple[str, ...] | None = (BEFORE,)) -> Facts:
    packages = {"unsloth": "2026.10.9", "unsloth-zoo": "2026.10.9", "trl": "1.15.0"}
    unsloth = {"used": True, "compiled_caches": caches}
    return facts_for(model_type, "5.17.0", packages=packages, unsloth=unsloth)


def contract_facts() -> Iterator[Facts]:
    for model_type in KNOWN_MODEL_TYPES:
        yield made(model_type)
        yield made(model_type, None)


@pytest.mark.parametrize(
    ("caches", "expected"),
    [
        ((BEFORE,), "fires"),
        ((NOW,), "no"),
        ((BEFORE, NOW), "fires"),
        ((), "no"),
        (None, "no"),
    ],
)
def test_it(caches: tuple[str, ...] | None, expected: str) -> None:
    assert answer(RULE, made(caches=caches)) == expected
