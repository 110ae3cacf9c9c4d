from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.conftest import B200, H100, facts_for
from tests.rules.made import answer, around

RULE = find("GC303")
CASE: dict[str, Any] = {
    "model": {"attn_implementation": "sdpa", "dtype": "float16"},
    "tokenizer": {"padding_side": "left"},
    "gpus": (B200,),
}


def contract_facts() -> Iterator[Facts]:
    yield from around(
        RULE,
        "5.15.1",
        CASE,
        {**CASE, "gpus": (H100,)},
    )


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (CASE, "fires"),
        ({**CASE, "gpus": (H100,)}, "no"),
        ({**CASE, "gpus": ()}, "no"),
        ({**CASE, "tokenizer": {"padding_side": "right"}}, "no"),
        ({**CASE, "tokenizer": {"padding_side": UNKNOWN}}, "? tokenizer.padding_side"),
        ({**CASE, "model": {"attn_implementation": "sdpa"}}, "no"),
        (
            {
                **CASE,
                "model": {"attn_implementation": "sdpa"},
                "training": {"mixed_precision": "fp16"},
            },
            "fires",
        ),
        ({**CASE, "model": {"attn_implementation": "eager", "dtype": "float16"}}, "no"),
        ({**CASE, "transformers": "4.57.6"}, "no"),
    ],
)
def test_answers(case: dict[str, Any], expected: str) -> None:
    given = {"model_type": "gemma4", "transformers": "5.15.1", **case}
    assert answer(RULE, facts_for(**given)) == expected
