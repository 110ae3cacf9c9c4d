from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts, Package
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC607")
LIVE = {"model_type": "gemma3", "live": True, "lm_head_is_tied": False, "tie_word_embeddings": True}
FILE = {"model_type": "gemma3", "live": False, "tie_word_embeddings": True}


def contract_facts() -> Iterator[Facts]:
    for model_type in sorted(RULE.model_types):
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
    made = made.replace(packages={**made.packages, "peft": Package(name="peft", version="0.18.0")})
    assert answer(RULE, made) == "? adapter.modules_to_save"
    made = made.replace(adapter=made.adapter.replace(modules_to_save=saved))
    assert answer(RULE, made) == expected


@pytest.mark.parametrize(
    ("model_type", "transformers", "peft", "expected"),
    [
        # gc607.py of the audit: the merged model is loaded with the loss it was trained to
        ("gemma3_text", "4.57.6", "0.18.1", "fires"),
        ("gemma3_text", "4.57.6", "0.19.0", "no"),
        ("gemma3_text", "5.24.0", "0.21.2", "no"),
        ("gemma3", "4.57.6", "0.21.2", "fires"),
        ("gemma3", "5.24.0", "0.21.2", "no"),
        ("gemma3", "5.24.0", "0.18.1", "fires"),
    ],
)
@pytest.mark.parametrize("live", [True, False])
def test_peft_writes_it_on_merging(
    model_type: str, transformers: str, peft: str, expected: str, live: bool
) -> None:
    model = {**LIVE, "model_type": model_type, "peft": "LORA"} if live else FILE
    model = {**model, "model_type": model_type, "composite": model_type == "gemma3"}
    made = facts(transformers, model, {})
    made = made.replace(packages={**made.packages, "peft": Package(name="peft", version=peft)})
    made = made.replace(adapter=made.adapter.replace(modules_to_save=("lm_head",)))
    assert answer(RULE, made) == expected


def test_a_head_that_peft_does_not_hold_is_told_whatever_peft_is_there() -> None:
    made = facts("5.24.0", {**LIVE, "peft": None}, {})
    made = made.replace(packages={**made.packages, "peft": Package(name="peft", version="0.21.2")})
    assert answer(RULE, made) == "fires"
