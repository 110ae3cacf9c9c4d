from __future__ import annotations

from typing import Any

import pytest

from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer

RULE = find("GC309")
VISION = {"use_bidirectional_attention": "vision"}


@pytest.mark.parametrize(
    ("model_type", "model", "images", "expected"),
    [
        ("gemma3", {}, True, "fires"),
        ("gemma3", {}, False, "no"),
        ("gemma4", VISION, True, "fires"),
        ("gemma4", VISION, False, "no"),
        ("gemma4", {}, True, "no"),
        ("gemma4_unified", VISION, True, "fires"),
        ("gemma4_unified", VISION, False, "no"),
        ("gemma4_unified", {}, True, "no"),
        ("diffusion_gemma", {}, True, "fires"),
        ("diffusion_gemma", {}, False, "no"),
        ("paligemma", {}, False, "fires"),  # the whole prefix, with or without images
        ("paligemma", {"attn_implementation": "sdpa"}, True, "no"),
    ],
)
def test_which_runs_need_the_mask(
    model_type: str, model: dict[str, Any], images: bool, expected: str
) -> None:
    flash = {"attn_implementation": "flash_attention_2", **model}
    facts = facts_for(model_type, "5.23.0", model=flash, training={"images": images})
    assert answer(RULE, facts) == expected
