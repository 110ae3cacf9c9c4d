from __future__ import annotations

from collections.abc import Iterator

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, around

RULE = find("GC709")
TABLE = {"live": True, "per_layer_embedding_rows": 256}


def contract_facts() -> Iterator[Facts]:
    yield from around(RULE, "5.23.0", {"model": {"peft": "P_TUNING", **TABLE}}, {})


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"peft": "PROMPT_TUNING"}, "fires"),
        ({"peft": "P_TUNING"}, "fires"),
        ({"peft": "PREFIX_TUNING"}, "no"),
        ({"peft": "LORA"}, "no"),
        ({"peft": None}, "no"),
        ({"peft": "P_TUNING", "per_layer_embedding_rows": None}, "no"),
        ({"peft": "P_TUNING", "model_type": "gemma3"}, "no"),
    ],
)
def test_answers(model: dict[str, object], expected: str) -> None:
    found = {"model_type": "gemma4", **TABLE, **model}
    made = facts_for(str(found.pop("model_type")), "5.23.0", model=found)
    assert answer(RULE, made) == expected
