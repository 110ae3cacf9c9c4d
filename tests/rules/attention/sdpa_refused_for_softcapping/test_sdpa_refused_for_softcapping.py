from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.rules.made import answer, around, facts

RULE = find("GC302")
MODEL: dict[str, Any] = {
    "model_type": "gemma2",
    "attn_logit_softcapping": 50.0,
    "attn_implementation": "sdpa",
}


def contract_facts() -> Iterator[Facts]:
    capped = {"attn_logit_softcapping": 50.0}
    yield from around(
        RULE,
        "5.21.0",
        {"model": {**capped, "attn_implementation": "sdpa"}},
        {"model": {**capped, "attn_implementation": "eager"}},
        {"model": {**capped, "attn_implementation": "sdpa"}, "transformers": "5.20.0"},
    )


@pytest.mark.parametrize(
    ("release", "model", "expected"),
    [
        ("5.20.2", {}, "no"),
        ("5.21.0.dev0", {}, "fires"),
        ("5.21.0", {}, "fires"),
        ("5.23.0", {"model_type": "paligemma"}, "fires"),
        ("5.23.0", {"model_type": "paligemma", "attn_logit_softcapping": None}, "no"),
        ("5.23.0", {"attn_implementation": "eager"}, "no"),
        (None, {}, "? packages.transformers"),
    ],
)
def test_answers(release: str | None, model: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts(release, {**MODEL, **model}, {})) == expected


@pytest.mark.parametrize("name", ["Gemma2ForCausalLM", "Gemma2Model"])
def test_symptom(name: str) -> None:
    text = (
        f"ValueError: {name} does not support an attention implementation through "
        "torch.nn.functional.scaled_dot_product_attention yet. Please request the support"
    )
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)
