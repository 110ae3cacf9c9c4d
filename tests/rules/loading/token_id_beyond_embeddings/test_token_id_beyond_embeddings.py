from __future__ import annotations

from collections.abc import Iterator

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from gemma_compat.tables.families import KNOWN_MODEL_TYPES
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC612")


def contract_facts() -> Iterator[Facts]:
    for model_type in KNOWN_MODEL_TYPES:
        for largest in (262143, 262144):
            yield facts_for(model_type, "5.23.0", tokenizer={"largest_id": largest})


@pytest.mark.parametrize(
    ("live", "rows", "largest", "expected"),
    [
        (True, 262144, 262144, "fires"),  # Gemma 3 1B, as it is published
        (True, 262208, 262144, "no"),  # Gemma 3 4B
        (True, 262144, 262143, "no"),
        (False, 262144, 262144, "fires"),
        (True, None, 262144, "? model.embedding_rows"),
        (False, None, 262144, "? model.vocab_size"),
        (True, 262144, None, "? tokenizer.largest_id"),
    ],
)
def test_conditions(live: bool, rows: int | None, largest: int | None, expected: str) -> None:
    model = {"model_type": "gemma3_text", "live": live}
    if rows is not None:
        model["embedding_rows" if live else "vocab_size"] = rows
    made = facts("5.23.0", model, {})
    if largest is not None:
        made = made.replace(tokenizer=made.tokenizer.replace(largest_id=largest))
    assert answer(RULE, made) == expected
