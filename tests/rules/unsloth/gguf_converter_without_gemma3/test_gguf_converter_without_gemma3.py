from __future__ import annotations

import re

from gemma_compat.rules import find

ITS_OWN = (
    "NotImplementedError: Unsloth: llama.cpp GGUF conversion does not yet support "
    "converting model types of `Gemma3ForConditionalGeneration`."
)
ANOTHER = (
    "NotImplementedError: Unsloth: llama.cpp GGUF conversion does not yet support "
    "converting model types of `QwenForCausalLM`."
)


def test_it_is_found_by_its_error() -> None:
    assert any(re.search(symptom, ITS_OWN) for symptom in find("GC1173").symptoms)


def test_other_errors_are_not_its_own() -> None:
    assert not any(re.search(symptom, ANOTHER) for symptom in find("GC1173").symptoms)
