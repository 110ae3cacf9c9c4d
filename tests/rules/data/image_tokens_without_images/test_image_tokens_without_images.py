from __future__ import annotations

import re

import pytest

from gemma_compat.rules import find


@pytest.mark.parametrize(
    "text",
    [
        "ValueError: Prompt contained 0 image tokens but received 1 images.",
        "Image features and image tokens do not match, tokens: 255, features: 256",
    ],
)
def test_it_is_found_by_its_error(text: str) -> None:
    assert any(re.search(symptom, text) for symptom in find("GC807").symptoms)


def test_other_errors_are_not_its_own() -> None:
    text = "ValueError: the prompt contained no text"
    assert not any(re.search(symptom, text) for symptom in find("GC807").symptoms)
