from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from gemma_compat.tables.families import KNOWN_MODEL_TYPES
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC611")
HEAD = ("lm_head", "model.layers.*.self_attn.q_proj")
LIVE: dict[str, Any] = {
    "model_type": "gemma3_text",
    "live": True,
    "peft": "LORA",
    "adapted_modules": HEAD,
    "lm_head_is_tied": True,
}


def contract_facts() -> Iterator[Facts]:
    for model_type in KNOWN_MODEL_TYPES:
        for adapted in (HEAD, HEAD[1:]):
            changes = {"peft": "LORA", "adapted_modules": adapted}
            yield facts_for(model_type, "5.23.0", model=changes)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({}, "fires"),
        ({"adapted_modules": ("model.embed_tokens",)}, "fires"),
        ({"adapted_modules": HEAD[1:]}, "no"),
        ({"lm_head_is_tied": False}, "no"),
        ({"peft": None, "adapted_modules": ()}, "no"),
    ],
)
def test_live(model: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts("5.23.0", LIVE | model, {})) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [(("q_proj", "lm_head"), "fires"), (("q_proj",), "no"), ("all-linear", "no"), (None, "no")],
)
def test_an_adapter_to_be_made(target: Any, expected: str) -> None:
    model = {"model_type": "gemma3_text", "live": False, "tie_word_embeddings": True}
    made = facts("5.23.0", model, {"peft": True})
    assert answer(RULE, made) == "? adapter.target_modules"
    made = made.replace(adapter=made.adapter.replace(target_modules=target))
    assert answer(RULE, made) == expected
