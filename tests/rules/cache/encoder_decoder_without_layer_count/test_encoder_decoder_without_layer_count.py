from __future__ import annotations

import re

from gemma_compat.rules import find

ITS_OWN = "AttributeError: 'T5GemmaConfig' object has no attribute 'num_hidden_layers'"
ANOTHER = "AttributeError: 'T5Config' object has no attribute 'num_hidden_layers'"


def test_it_is_found_by_its_error() -> None:
    assert any(re.search(symptom, ITS_OWN) for symptom in find("GC105").symptoms)


def test_other_errors_are_not_its_own() -> None:
    assert not any(re.search(symptom, ANOTHER) for symptom in find("GC105").symptoms)
