from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from gemma_compat.tables.families import FIRST_RELEASES, KNOWN_MODEL_TYPES, is_gemma
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC604")


def contract_facts() -> Iterator[Facts]:
    for model_type in KNOWN_MODEL_TYPES:
        for release in ("4.37.0", "5.23.0"):
            yield facts_for(model_type, release, model={"live": False})


@pytest.mark.parametrize(
    ("model_type", "release", "expected"),
    [
        ("gemma3", "4.49.0", "fires"),
        ("gemma3", "4.50.0.dev0", "no"),  # the first users installed Gemma 3 from a tag
        ("gemma3", "4.50.0", "no"),
        ("gemma4", "5.4.0", "fires"),
        ("gemma4", "5.5.0", "no"),
        ("gemma4_unified", "5.9.0", "fires"),
        ("gemma4_unified", "5.10.1", "no"),
        ("embedding_gemma2", "5.18.0", "fires"),
        ("gemma9", "4.37.0", "no"),  # nobody here knows when it came
        ("llama", "4.37.0", "no"),
        ("gemma4", None, "? packages.transformers"),
    ],
)
def test_releases(model_type: str, release: str | None, expected: str) -> None:
    made = facts(release, {"model_type": model_type, "live": False}, {})
    assert answer(RULE, made) == expected


def test_it_speaks_of_a_given_model_only() -> None:
    assert answer(RULE, facts("4.49.0", {"model_type": "gemma4"}, {})) == "no"
    assert answer(RULE, facts("4.49.0", {"model_type": "gemma4", "live": True}, {})) == "no"


def test_every_type_is_a_gemma() -> None:
    assert all(map(is_gemma, FIRST_RELEASES))


@pytest.mark.parametrize(
    "text",
    [
        "ValueError: The checkpoint you are trying to load has model type `gemma3` but "
        "Transformers does not recognize this architecture.",
        "KeyError: 'gemma4_unified'",
    ],
)
def test_symptoms(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)
