from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, around

ITS_OWN = "AttributeError: 'Gemma3TextModel' object has no attribute 'lm_head'"
ANOTHER = "AttributeError: 'Gemma3Model' object has no attribute 'loss'"


def test_it_is_found_by_its_error() -> None:
    assert any(re.search(symptom, ITS_OWN) for symptom in find("GC503").symptoms)


def test_other_errors_are_not_its_own() -> None:
    assert not any(re.search(symptom, ANOTHER) for symptom in find("GC503").symptoms)


RULE = find("GC503")


def made(liger: str | None, uses: bool | None) -> dict[str, Any]:
    training = {} if uses is None else {"use_liger_kernel": uses}
    return {"packages": {"liger-kernel": liger}, "training": training}


def contract_facts() -> Iterator[Facts]:
    yield from around(RULE, "4.53.1", made("0.6.0", True), made("0.6.0", False))


@pytest.mark.parametrize("model_type", ["gemma3"])
@pytest.mark.parametrize(
    ("liger", "uses", "expected"),
    [
        ("0.6.0", True, "fires"),
        ("0.6.1", True, "no"),
        ("0.6.0", False, "no"),
        (None, True, "no"),
    ],
)
def test_releases(model_type: str, liger: str | None, uses: bool | None, expected: str) -> None:
    assert answer(RULE, facts_for(model_type, "4.53.1", **made(liger, uses))) == expected
