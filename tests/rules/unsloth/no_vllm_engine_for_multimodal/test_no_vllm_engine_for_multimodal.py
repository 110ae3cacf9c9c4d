from __future__ import annotations

import re

from gemma_compat.rules import find

ITS_OWN = "AttributeError: 'Gemma3ForConditionalGeneration' object has no attribute 'vllm_engine'"
ANOTHER = "AttributeError: 'Qwen2ForCausalLM' object has no attribute 'vllm_engine'"


def test_it_is_found_by_its_error() -> None:
    assert any(re.search(symptom, ITS_OWN) for symptom in find("GC1171").symptoms)


def test_other_errors_are_not_its_own() -> None:
    assert not any(re.search(symptom, ANOTHER) for symptom in find("GC1171").symptoms)
