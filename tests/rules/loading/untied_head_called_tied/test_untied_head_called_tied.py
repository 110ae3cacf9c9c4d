from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from gemma_compat.tables.families import KNOWN_MODEL_TYPES
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC607")
LIVE = {"model_type": "gemma3", "live": True, "lm_head_is_tied": False, "tie_word_embeddings": True}
FILE = {"model_type": "gemma3", "live": False, "tie_word_embeddings": True}


def contract_facts() -> Iterator[Facts]:
    for model_type in KNOWN_MODEL_TYPES:
        for tied in (True, False):
            yield facts_for(model_type, "5.23.0", model={"lm_head_is_tied": tied})


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({}, "fires"),
        ({"lm_head_is_tied": True}, "no"),
        ({"tie_word_embeddings": False}, "no"),
        ({"model_type": "llama"}, "no"),
    ],
)
def test_live(model: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts("4.57.6", LIVE | model, {})) == expected


def test_a_model_without_an_output_layer_is_open() -> None:
    headless = {"model_type": "gemma3", "live": True, "tie_word_embeddings": True}
    assert answer(RULE, facts("4.57.6", headless, {})) == "? model.lm_head_is_tied"


@pytest.mark.parametrize(
    ("saved", "expected"), [(("lm_head",), "fires"), ((), "no"), (("embed_tokens",), "no")]
)
def test_an_adapter_that_trains_it(saved: tuple[str, ...], expected: str) -> None:
    made = facts("4.57.6", FILE, {})
    assert answer(RULE, made) == "? adapter.modules_to_save"
    made = made.replace(adapter=made.adapter.replace(modules_to_save=saved))
    assert answer(RULE, made) == expected
