from __future__ import annotations

import re

import pytest

from gemma_compat.rules import find


@pytest.mark.parametrize(
    "text",
    ["ValueError: Gemma4AudioModel is not compatible with gradient checkpointing. Make sure all"],
)
def test_it_is_found_by_its_error(text: str) -> None:
    assert any(re.search(symptom, text) for symptom in find("GC206").symptoms)


def test_other_errors_are_not_its_own() -> None:
    text = "ValueError: Gemma4Model is not compatible with gradient checkpointing"
    assert not any(re.search(symptom, text) for symptom in find("GC206").symptoms)
