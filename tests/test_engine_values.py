"""What the engine takes and returns are values: none can be changed after it was made."""

from __future__ import annotations

import dataclasses
from importlib import import_module
from pkgutil import iter_modules

import pytest

from gemma_compat import engine
from gemma_compat.engine.rule import Diagnosis, Rule, Scope, Severity
from gemma_compat.facts import Facts

CLASSES = {
    f"{module.name}.{name}": found
    for module in iter_modules(engine.__path__)
    for name, found in vars(import_module(f"gemma_compat.engine.{module.name}")).items()
    if dataclasses.is_dataclass(found) and found.__module__.endswith(f".{module.name}")
}


@pytest.mark.parametrize("name", CLASSES)
def test_it_is_frozen(name: str) -> None:
    assert CLASSES[name].__dataclass_params__.frozen


def test_a_rule_and_a_scope_are_compared_by_identity() -> None:
    """They hold sets and mappings, which have no hash; the engine keeps them as keys."""
    scopes = [Scope({"gemma3"}, {"transformers": "<5"}) for _ in range(2)]
    rules = [Rule(code="GC901", severity=Severity.ERROR, scopes=(scopes[0],)) for _ in range(2)]
    assert scopes[0] != scopes[1] and rules[0] != rules[1]
    assert len({*scopes, *rules}) == 4


def test_a_diagnosis_shows_itself_in_words() -> None:
    shown = repr(Diagnosis(Facts(), (), ()))
    assert "Facts(" not in shown and "\n" not in shown
