from __future__ import annotations

import re

from gemma_compat.rules import find


def test_its_text_is_known() -> None:
    text = "IndexError: list index out of range"
    assert any(re.search(symptom, text) for symptom in find("GC106").symptoms)
