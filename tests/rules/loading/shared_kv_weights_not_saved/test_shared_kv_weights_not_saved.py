from __future__ import annotations

import re

from gemma_compat.rules import find

RULE = find("GC608")


def test_symptom() -> None:
    text = (
        "ValueError: Following weights were not initialized from checkpoint: "
        "{'language_model.model.layers.24.self_attn.k_norm.weight'}"
    )
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)
