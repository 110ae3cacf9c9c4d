from __future__ import annotations

import re

from gemma_compat.rules import find

ITS_OWN = (
    "ValueError: You should supply an encoding or a list of encodings to this method "
    "that includes input_ids, but you provided ['images', 'prompt', 'pixel_values']"
)
ANOTHER = (
    "ValueError: You should supply an encoding or a list of encodings to this method "
    "that includes input_ids, but you provided ['label']"
)


def test_it_is_found_by_its_error() -> None:
    assert any(re.search(symptom, ITS_OWN) for symptom in find("GC1170").symptoms)


def test_other_errors_are_not_its_own() -> None:
    assert not any(re.search(symptom, ANOTHER) for symptom in find("GC1170").symptoms)
