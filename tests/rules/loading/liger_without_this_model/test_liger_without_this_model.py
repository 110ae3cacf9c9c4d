from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.advise.support import liger_since
from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, around

ITS_OWN = ("KeyError: 'gemma3'", "KeyError: 'gemma4'", "KeyError: 'gemma3n'")
ANOTHER = "KeyError: 'qwen3'"


@pytest.mark.parametrize("line", ITS_OWN)
def test_it_is_found_by_its_error(line: str) -> None:
    assert any(re.search(symptom, line) for symptom in find("GC613").symptoms)


def test_other_errors_are_not_its_own() -> None:
    assert not any(re.search(symptom, ANOTHER) for symptom in find("GC613").symptoms)


RULE = find("GC613")


def made(liger: str | None, uses: bool | None) -> dict[str, Any]:
    training = {} if uses is None else {"use_liger_kernel": uses}
    return {"packages": {"liger-kernel": liger}, "training": training}


def contract_facts() -> Iterator[Facts]:
    yield from around(RULE, "4.50.3", made("0.1.1", True), made("0.1.1", False))
    for liger in ("0.5.5", "0.5.6", "0.7.0", "0.8.0"):
        yield from around(RULE, "5.9.0", made(liger, True))


@pytest.mark.parametrize(
    ("model_type", "liger", "uses", "expected"),
    [
        ("gemma3", "0.5.6", True, "fires"),
        ("gemma3_text", "0.5.6", True, "fires"),
        ("gemma3", "0.5.7", True, "no"),
        ("gemma3", "0.5.6", False, "no"),
        ("gemma3", None, True, "no"),
        ("gemma2", "0.1.1", True, "fires"),
        ("gemma2", "0.2.0", True, "no"),
        ("paligemma", "0.5.5", True, "fires"),
        ("paligemma", "0.5.6", True, "no"),
        ("gemma4_text", "0.7.0", True, "fires"),
        ("gemma4_text", "0.8.0", True, "no"),
        ("gemma4", "0.8.0", True, "fires"),
        ("gemma4", "0.8.1", True, "no"),
        ("gemma3n", "0.8.5", True, "fires"),
    ],
)
def test_releases(model_type: str, liger: str | None, uses: bool | None, expected: str) -> None:
    assert answer(RULE, facts_for(model_type, "4.50.3", **made(liger, uses))) == expected


def test_the_bounds_are_those_of_the_released_tables() -> None:
    """The release atlas read every wheel of liger-kernel."""
    for scope in RULE.scopes:
        for model_type in scope.model_types:
            since = (scope.fixed_in or {}).get("liger-kernel", "")
            assert liger_since(model_type) == since, model_type
