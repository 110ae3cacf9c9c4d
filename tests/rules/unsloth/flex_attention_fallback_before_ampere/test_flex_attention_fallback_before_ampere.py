from __future__ import annotations

from typing import Any

import pytest

from gemma_compat.rules import find
from tests.conftest import A100, T4, facts_for
from tests.rules.made import answer

RULE = find("GC1118")


@pytest.mark.parametrize(
    ("model_type", "release", "generates", "gpu", "expected"),
    [
        ("gemma3", "2026.8.8", True, T4, "fires"),
        ("gemma3_text", "2026.8.8", True, T4, "fires"),
        ("gemma3", "2026.8.8", False, T4, "no"),  # only where the run generates
        ("gemma4", "2026.5.2", False, T4, "fires"),
        ("gemma4", "2026.5.3", True, T4, "no"),
        ("gemma3", "2026.8.8", True, A100, "no"),
    ],
)
def test_cards_before_ampere(
    model_type: str, release: str, generates: bool, gpu: Any, expected: str
) -> None:
    facts = facts_for(
        model_type,
        "5.5.0",
        packages={"unsloth": release, "unsloth-zoo": release},
        training={"generates": generates},
        unsloth={"used": True},
        gpus=(gpu,),
    )
    assert answer(RULE, facts) == expected
