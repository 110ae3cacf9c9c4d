from __future__ import annotations

import re

from gemma_compat.rules import find

ITS_OWN = (
    "ValueError: Unrecognized configuration class <class "
    "'transformers.models.gemma3.configuration_gemma3.Gemma3TextConfig'> for this "
    "kind of AutoModel: AutoModelForSequenceClassification."
)
ANOTHER = (
    "ValueError: Unrecognized configuration class <class 'x.LlamaConfig'> for this "
    "kind of AutoModel: AutoModelForSequenceClassification."
)


def test_it_is_found_by_its_error() -> None:
    assert any(re.search(symptom, ITS_OWN) for symptom in find("GC614").symptoms)


def test_other_errors_are_not_its_own() -> None:
    assert not any(re.search(symptom, ANOTHER) for symptom in find("GC614").symptoms)
