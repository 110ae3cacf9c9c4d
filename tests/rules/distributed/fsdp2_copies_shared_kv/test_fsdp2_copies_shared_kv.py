from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.rules.made import answer, around, facts

RULE = find("GC1001")
GEMMA4 = {"model_type": "gemma4", "num_kv_shared_layers": 18}
FSDP2 = {"distributed": "fsdp", "fsdp_version": 2, "mixed_precision": "bf16"}


def contract_facts() -> Iterator[Facts]:
    yield from around(RULE, "5.8.1", {"training": FSDP2}, {})


@pytest.mark.parametrize(
    ("release", "model", "training", "expected"),
    [
        ("5.5.1", {}, {}, "no"),
        ("5.5.2", {}, {}, "fires"),
        ("5.8.1", {}, {}, "fires"),
        ("5.9.0", {}, {}, "no"),
        ("5.5.4", {"model_type": "gemma3n"}, {}, "no"),
        ("5.6.0", {"model_type": "gemma3n"}, {}, "fires"),
        ("5.8.1", {"num_kv_shared_layers": 0}, {}, "no"),
        ("5.8.1", {}, {"fsdp_version": 1}, "no"),
        ("5.8.1", {}, {"distributed": "ddp", "fsdp_version": None}, "no"),
        ("5.8.1", {}, {"mixed_precision": "no"}, "fires"),
        (None, {}, {}, "? packages.transformers"),
    ],
)
def test_answers(
    release: str | None, model: dict[str, Any], training: dict[str, Any], expected: str
) -> None:
    assert answer(RULE, facts(release, {**GEMMA4, **model}, {**FSDP2, **training})) == expected


def test_symptoms() -> None:
    assert re.search(RULE.symptoms[0], "KeyError: 'sliding_attention'")
    assert not re.search(RULE.symptoms[0], "KeyError: 'chunked_attention'")
