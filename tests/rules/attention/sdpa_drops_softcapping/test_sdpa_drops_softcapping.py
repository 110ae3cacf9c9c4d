from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.rules.made import answer, around, facts

RULE = find("GC301")
MODEL: dict[str, Any] = {
    "model_type": "gemma2",
    "attn_logit_softcapping": 50.0,
    "attn_implementation": "sdpa",
}


def contract_facts() -> Iterator[Facts]:
    capped = {"attn_logit_softcapping": 50.0}
    yield from around(
        RULE,
        "5.20.0",
        {"model": {**capped, "attn_implementation": "sdpa"}},
        {"model": {**capped, "attn_implementation": "eager"}},
        {"model": {**capped, "attn_implementation": "sdpa"}, "transformers": "5.21.0"},
    )


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("4.47.1", "fires"),  # there sdpa has to be asked for by name
        ("4.48.0", "fires"),
        ("5.20.2", "fires"),
        ("5.21.0.dev0", "no"),
        ("5.21.0", "no"),
        (None, "? packages.transformers"),
    ],
)
def test_releases(release: str | None, expected: str) -> None:
    assert answer(RULE, facts(release, MODEL, {})) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"model_type": "paligemma"}, "fires"),
        ({"model_type": "paligemma", "attn_logit_softcapping": None}, "no"),  # Gemma 1 inside
        ({"model_type": "gemma3"}, "no"),
        ({"attn_implementation": "eager"}, "no"),
        ({"attn_implementation": "flash_attention_2"}, "no"),
        ({"attn_implementation": "flex_attention"}, "no"),
    ],
)
def test_conditions(model: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts("5.20.0", {**MODEL, **model}, {})) == expected


def test_a_config_file_does_not_say_how_the_model_will_be_loaded() -> None:
    stated = {name: MODEL[name] for name in ("model_type", "attn_logit_softcapping")}
    assert answer(RULE, facts("5.20.0", stated, {})) == "? model.attn_implementation"
