from __future__ import annotations

import re

from gemma_compat.rules import find


def test_its_text_is_known() -> None:
    text = "AmbiguousGlobalPerLayerAttributeError: 'head_dim' is a per-layer attribute and may vary"
    assert any(re.search(symptom, text) for symptom in find("GC621").symptoms)
