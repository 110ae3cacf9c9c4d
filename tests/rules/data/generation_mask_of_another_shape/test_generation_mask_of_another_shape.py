from __future__ import annotations

import re

import pytest

from gemma_compat.rules import find


@pytest.mark.parametrize(
    "text",
    [
        "output with shape [8, 1, 1, 1] doesn't match the broadcast shape [8, 1, 1, 57]",
    ],
)
def test_it_is_found_by_its_error(text: str) -> None:
    assert any(re.search(symptom, text) for symptom in find("GC808").symptoms)


def test_other_errors_are_not_its_own() -> None:
    text = "RuntimeError: output with shape [8] doesn't match the broadcast shape [9]"
    assert not any(re.search(symptom, text) for symptom in find("GC808").symptoms)
