from __future__ import annotations

import pytest

from gemma_compat.advise import Conflict, Question, Releases, advise
from gemma_compat.engine.rule import Rule

from .made import Universe, question, releases, rule

pytest.importorskip("resolvelib")

UNIVERSE: Universe = {
    "unsloth": {1: ["transformers<=1"], 2: ["transformers<=2"]},
    "transformers": {1: [], 2: [], 3: []},
    "torch": {1: [], 2: []},
}


def parts(question: Question, releases: Releases, *rules: Rule) -> tuple[str, ...]:
    answer = advise(question, releases, rules)
    assert isinstance(answer, Conflict)
    return answer.parts


def test_what_the_user_asked_and_what_a_package_pins() -> None:
    asked = question("unsloth", "transformers>=3", "torch<2")
    found = parts(asked, releases(UNIVERSE))
    assert len(found) == 3  # torch<2 has nothing to do with it
    assert "you asked for unsloth" in found
    assert "you asked for transformers>=3" in found
    assert any("unsloth itself requires (2.0.0: transformers<=2)" in text for text in found)


def test_a_rule_that_refuses_what_was_asked() -> None:
    found = parts(
        question("transformers>=2", "torch"),
        releases(UNIVERSE),
        rule("GC901", {"transformers": ">=2"}),
        rule("GC902", {"torch": ">=2"}),
    )
    assert found == (
        "you asked for transformers>=2",
        "GC901 defect-gc901, which refuses transformers 2.0.0 to 3.0.0",
    )


def test_an_error_whatever_the_versions() -> None:
    found = parts(question("transformers"), releases(UNIVERSE), rule("GC901", {}))
    assert found == ("GC901, whatever the versions: it breaks",)


def test_python() -> None:
    old = {f"transformers_{n}": {"python": "<3.11"} for n in (1, 2, 3)}
    assert "Python 3.11.7" in parts(question("transformers"), releases(UNIVERSE, **old))
