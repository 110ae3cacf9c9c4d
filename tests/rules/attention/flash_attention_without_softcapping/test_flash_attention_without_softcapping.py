from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, around

RULE = find("GC308")
CAPPED = {"attn_implementation": "flash_attention_2", "attn_logit_softcapping": 50.0}
OLD = {"flash-attn": "2.5.9"}


def contract_facts() -> Iterator[Facts]:
    yield from around(
        RULE,
        "4.57.6",
        {"model": CAPPED, "packages": OLD},
        {"model": CAPPED, "packages": {"flash-attn": "2.6.2"}},
    )


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"model": CAPPED, "packages": OLD}, "fires"),
        ({"model": CAPPED, "packages": {"flash-attn": "2.6.1"}}, "fires"),
        ({"model": CAPPED, "packages": {"flash-attn": "2.6.2"}}, "no"),
        ({"model": CAPPED, "packages": {"flash-attn": None}}, "no"),
        ({"model": CAPPED}, "? packages.flash-attn"),
        ({"model": {**CAPPED, "attn_logit_softcapping": None}, "packages": OLD}, "no"),
        ({"model": {**CAPPED, "attn_implementation": "eager"}, "packages": OLD}, "no"),
    ],
)
def test_answers(case: dict[str, Any], expected: str) -> None:
    given = {"model_type": "gemma2", "transformers": "4.57.6", **case}
    assert answer(RULE, facts_for(**given)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "TypeError: flash_attn_func() got an unexpected keyword argument 'softcap'",
    ],
)
def test_symptoms(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)
