"""What is found by trying a condition is its answer, and nothing is said of one that reads more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gemma_compat.engine.condition import Condition
from gemma_compat.facts import Facts
from tools.tried import tried


@pytest.mark.parametrize(
    ("test", "found"),
    [
        (lambda facts: facts.has_release("peft", ">=0.19"), {"release": ["peft", ">=0.19", True]}),
        (lambda facts: not facts.has_release("trl", "<1"), {"release": ["trl", "<1", False]}),
        (lambda facts: facts.has_release("trl", "<1") and facts.model.live, {}),
        (lambda facts: facts.has_release("trl", "<1") or facts.has_release("peft", "<1"), {}),
        (lambda facts: facts.model.model_type in {"gemma2", "gemma9"}, {"types": "gemma2"}),
        (lambda facts: facts.model.model_type == "gemma2" and facts.model.known("dtype"), {}),
        (lambda facts: facts.model.model_type == "gemma2" and facts.model.dtype == "float16", {}),
        (lambda facts: facts.model.model_type == "gemma2" and facts.gpus == (), {}),
        (lambda facts: len(facts.gpus) > 1, {"without_gpus": False}),
        (lambda facts: len(facts.gpus) > 1 or facts.model.live, {}),
    ],
)
def test_what_decides_alone_is_found(test: Callable[[Facts], bool], found: dict[str, Any]) -> None:
    shown = tried(Condition("it holds", test))
    assert {key: item for key, item in shown.items() if key != "reads"} == found


def test_the_fact_that_is_read_first_is_found() -> None:
    first = Condition("it holds", lambda facts: facts.model.live and facts.training.peft == "LORA")
    assert tried(first) == {"reads": "model.live"}
    asks = Condition("it holds", lambda facts: facts.model.known("live") and facts.model.live)
    assert tried(asks) == {}
