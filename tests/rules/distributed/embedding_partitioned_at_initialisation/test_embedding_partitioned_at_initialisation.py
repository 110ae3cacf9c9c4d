from __future__ import annotations

import re

import pytest

from gemma_compat.rules import find


@pytest.mark.parametrize(
    "text", ["IndexError: index 0 is out of bounds for dimension 0 with size 0"]
)
def test_it_is_found_by_its_error(text: str) -> None:
    assert any(re.search(symptom, text) for symptom in find("GC1003").symptoms)


def test_other_errors_are_not_its_own() -> None:
    text = "IndexError: list index out of range"
    assert not any(re.search(symptom, text) for symptom in find("GC1003").symptoms)
