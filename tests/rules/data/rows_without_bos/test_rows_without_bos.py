from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer

RULE = find("GC805")
NONE = {"adds_bos": False, "chat_template": True, "template_writes_bos": False}


@pytest.mark.parametrize(
    ("tokenizer", "expected"),
    [
        ({}, "fires"),
        ({"chat_template": False, "template_writes_bos": UNKNOWN}, "fires"),
        ({"adds_bos": True}, "no"),
        ({"template_writes_bos": True}, "no"),
        ({"adds_bos": UNKNOWN}, "? tokenizer.adds_bos"),
        ({"template_writes_bos": UNKNOWN}, "? tokenizer.template_writes_bos"),
        ({"adds_bos": UNKNOWN, "template_writes_bos": True}, "no"),
    ],
)
def test_conditions(tokenizer: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts_for("gemma3", tokenizer={**NONE, **tokenizer})) == expected


def contract_facts() -> Iterator[Facts]:
    for model_type in sorted(RULE.model_types):
        for adds in (True, False):
            yield facts_for(model_type, tokenizer={**NONE, "adds_bos": adds})
