from __future__ import annotations

import re

from gemma_compat.rules import find


def test_its_text_is_known() -> None:
    text = "Gemma3ForConditionalGeneration does not support Flash Attention 2 yet"
    assert any(re.search(symptom, text) for symptom in find("GC310").symptoms)
