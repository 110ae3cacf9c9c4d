from __future__ import annotations

import re
from typing import Any

import pytest

from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer

RULE = find("GC208")


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({}, {"gradient_checkpointing": True, "use_reentrant": True}, "fires"),
        ({}, {"gradient_checkpointing": True, "use_reentrant": False}, "no"),
        ({}, {"gradient_checkpointing": False, "use_reentrant": True}, "no"),
        ({}, {"external_checkpointing": True}, "fires"),
        ({"external_checkpointing": True, "external_reentrant": False}, {}, "fires"),
        ({}, {}, "no"),
    ],
)
def test_reentrant_checkpoints_and_any_from_outside(
    model: dict[str, Any], training: dict[str, Any], expected: str
) -> None:
    facts = facts_for("diffusion_gemma", "5.24.0", model=model, training=training)
    assert answer(RULE, facts) == expected


def test_its_text_is_known() -> None:
    text = "Trying to backward through the graph a second time"
    assert any(re.search(symptom, text) for symptom in RULE.symptoms)
