from __future__ import annotations

import re

from gemma_compat.rules import find

ITS_OWN = (
    "TypeError: scaled_dot_product_attention() got an unexpected keyword argument 'enable_gqa'"
)
ANOTHER = "TypeError: scaled_dot_product_attention() got an unexpected keyword argument 'scale'"


def test_it_is_found_by_its_error() -> None:
    assert any(re.search(symptom, ITS_OWN) for symptom in find("GC1168").symptoms)


def test_other_errors_are_not_its_own() -> None:
    assert not any(re.search(symptom, ANOTHER) for symptom in find("GC1168").symptoms)
