from __future__ import annotations

import re

from gemma_compat.rules import find

ITS_OWN = (
    "ValueError: The tokenizer's chat template is not training-compatible (missing "
    "prefix-preservation or `{% generation %}` markers) and patching is not "
    "supported for this template."
)
ANOTHER = "ValueError: Cannot use chat template functions"


def test_it_is_found_by_its_error() -> None:
    assert any(re.search(symptom, ITS_OWN) for symptom in find("GC811").symptoms)


def test_other_errors_are_not_its_own() -> None:
    assert not any(re.search(symptom, ANOTHER) for symptom in find("GC811").symptoms)
