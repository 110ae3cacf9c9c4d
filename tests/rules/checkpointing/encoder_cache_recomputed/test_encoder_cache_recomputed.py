from __future__ import annotations

import re

from gemma_compat.rules import find


def test_its_text_is_known() -> None:
    text = "Trying to backward through the graph a second time"
    assert any(re.search(symptom, text) for symptom in find("GC208").symptoms)
