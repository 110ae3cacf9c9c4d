from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.engine.plan import make_plan
from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC804")
MODEL = {"model_type": "gemma3_text", "attn_implementation": "sdpa", "use_cache": True}
RUN = {"packing": True, "trainer": False, "gradient_checkpointing": False}


@pytest.mark.parametrize(
    ("release", "model_type", "expected"),
    [
        ("4.57.6", "gemma3_text", "no"),
        ("5.0.0rc0", "gemma3_text", "no"),
        ("5.0.0rc1", "gemma3_text", "fires"),
        ("5.0.0rc0", "gemma2", "fires"),
        ("4.57.6", "vaultgemma", "no"),
        ("5.0.0rc0", "vaultgemma", "fires"),
        ("5.23.0", "gemma4_text", "fires"),
        ("5.23.0", "gemma3", "no"),
        ("5.23.0", "gemma4", "no"),
        (None, "gemma2", "? packages.transformers"),
    ],
)
def test_releases(release: str | None, model_type: str, expected: str) -> None:
    assert answer(RULE, facts(release, {**MODEL, "model_type": model_type}, RUN)) == expected


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({"use_cache": False}, {}, "no"),
        ({"attn_implementation": "flash_attention_2"}, {}, "no"),
        ({}, {"packing": False}, "no"),
        ({}, {"gradient_checkpointing": True}, "no"),
        ({}, {"gradient_checkpointing": UNKNOWN}, "? training.gradient_checkpointing"),
        ({}, {"packing": UNKNOWN}, "? training.packing"),
        ({}, {"trainer": True, "use_cache": False}, "no"),  # it turns the cache off itself
        ({}, {"trainer": True, "use_cache": True}, "fires"),
    ],
)
def test_conditions(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts("5.23.0", {**MODEL, **model}, {**RUN, **training})) == expected


def test_the_carrier_of_shared_keys_and_values_comes_first() -> None:
    """Gemma 3n on 5.2 to 5.5.4 needs both: no cache for packed rows, and GC104 in its place."""
    assert RULE.after == ("GC104",)
    given = facts("5.5.4", {**MODEL, "model_type": "gemma3n_text", "num_kv_shared_layers": 5}, RUN)
    plan = make_plan(judge_all(given, [RULE, find("GC104")]))
    assert [item.rule.code for item in plan.patches] == ["GC104", "GC804"]


def contract_facts() -> Iterator[Facts]:
    for model_type in sorted(RULE.model_types):
        for release in ("4.57.6", "5.6.0", "5.23.0"):
            for packing in (True, False):
                run = {"packing": packing, "trainer": False}
                yield facts_for(model_type, release, training=run)
