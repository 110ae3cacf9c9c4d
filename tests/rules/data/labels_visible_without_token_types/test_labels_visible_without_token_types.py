from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.rules.made import answer, around, facts

RULE = find("GC809")
RUN = {"supplies_token_types": False}


def contract_facts() -> Iterator[Facts]:
    yield from around(RULE, "4.57.6", {}, {"training": RUN})


@pytest.mark.parametrize(
    ("release", "model_type", "training", "expected"),
    [
        ("4.47.1", "paligemma", RUN, "fires"),
        ("4.57.6", "paligemma", RUN, "fires"),
        ("5.0.0rc0", "paligemma", RUN, "no"),
        ("5.23.0", "paligemma", RUN, "no"),
        ("4.57.6", "gemma3", RUN, "no"),
        ("4.57.6", "paligemma", {"supplies_token_types": True}, "no"),
        (
            "4.57.6",
            "paligemma",
            {"supplies_token_types": UNKNOWN},
            "? training.supplies_token_types",
        ),
        (None, "paligemma", RUN, "? packages.transformers"),
    ],
)
def test_answers(
    release: str | None, model_type: str, training: dict[str, Any], expected: str
) -> None:
    assert answer(RULE, facts(release, {"model_type": model_type}, training)) == expected


def test_where_this_one_ends_the_next_one_begins() -> None:
    refused = find("GC801")
    for release in ("4.57.6", "5.0.0rc0", "5.8.1"):
        made = facts(release, {"model_type": "paligemma"}, RUN)
        assert {answer(RULE, made), answer(refused, made)} == {"fires", "no"}
