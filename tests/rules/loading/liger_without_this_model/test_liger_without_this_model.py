from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, around

ITS_OWN = "KeyError: 'gemma3'"
ANOTHER = "KeyError: 'gemma2'"


def test_it_is_found_by_its_error() -> None:
    assert any(re.search(symptom, ITS_OWN) for symptom in find("GC613").symptoms)


def test_other_errors_are_not_its_own() -> None:
    assert not any(re.search(symptom, ANOTHER) for symptom in find("GC613").symptoms)


RULE = find("GC613")


def made(liger: str | None, uses: bool | None) -> dict[str, Any]:
    training = {} if uses is None else {"use_liger_kernel": uses}
    return {"packages": {"liger-kernel": liger}, "training": training}


def contract_facts() -> Iterator[Facts]:
    yield from around(RULE, "4.50.3", made("0.5.6", True), made("0.5.6", False))


@pytest.mark.parametrize("model_type", ["gemma3", "gemma3_text"])
@pytest.mark.parametrize(
    ("liger", "uses", "expected"),
    [
        ("0.5.6", True, "fires"),
        ("0.5.7", True, "no"),
        ("0.5.6", False, "no"),
        (None, True, "no"),
    ],
)
def test_releases(model_type: str, liger: str | None, uses: bool | None, expected: str) -> None:
    assert answer(RULE, facts_for(model_type, "4.50.3", **made(liger, uses))) == expected
