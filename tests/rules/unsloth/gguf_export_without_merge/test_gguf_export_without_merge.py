from __future__ import annotations

import re

from gemma_compat.rules import find

ITS_OWN = "RuntimeError: Unsloth: `gemma-3-finetune` does not exist?"
ANOTHER = "[FAIL] Unsloth: apt-get does not exist? Is this NOT a Linux / Mac based computer?"


def test_it_is_found_by_its_error() -> None:
    assert any(re.search(symptom, ITS_OWN) for symptom in find("GC1167").symptoms)


def test_other_errors_are_not_its_own() -> None:
    assert not any(re.search(symptom, ANOTHER) for symptom in find("GC1167").symptoms)
