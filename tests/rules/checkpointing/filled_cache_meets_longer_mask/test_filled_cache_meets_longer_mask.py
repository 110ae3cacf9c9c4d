from __future__ import annotations

import re

from gemma_compat.rules import find


def test_its_text_is_known() -> None:
    text = "The size of tensor a (14) must match the size of tensor b (18)"
    assert any(re.search(symptom, text) for symptom in find("GC205").symptoms)
