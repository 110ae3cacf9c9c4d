"""What the engine takes and returns are values: none can be changed after it was made."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest

from gemma_compat import engine
from gemma_compat.engine.condition import Condition, RunKind
from gemma_compat.engine.recall import NotedFacts
from gemma_compat.engine.rule import Diagnosis, Fix, Problem, Rule, Scope, Severity
from gemma_compat.facts import Facts
from gemma_compat.values import Value

# A notebook around facts is made from them, and not from fields: it has a test of its own.
CLASSES = {
    f"{module.name}.{name}": found
    for module in iter_modules(engine.__path__)
    for name, found in vars(import_module(f"gemma_compat.engine.{module.name}")).items()
    if isinstance(found, type) and getattr(found, "__dataclass_fields__", None)
    if found.__module__.endswith(f".{module.name}") and found is not NotedFacts
}


@pytest.mark.parametrize("name", CLASSES)
def test_it_is_frozen(name: str) -> None:
    made = CLASSES[name](**dict.fromkeys(CLASSES[name].field_names()))
    with pytest.raises(AttributeError):
        setattr(made, made.field_names()[0], 1)
    with pytest.raises(AttributeError):
        delattr(made, made.field_names()[0])


def test_facts_that_note_what_is_read_are_frozen_too() -> None:
    made = NotedFacts(Facts())
    with pytest.raises(AttributeError):
        made.python = "3.12"
    with pytest.raises(AttributeError):
        del made.python


@pytest.mark.parametrize(
    "made",
    [
        lambda: Problem(),
        lambda: Problem("a", message="b"),
        lambda: Problem("a", "b", "c"),
        lambda: Problem("a", hint="b"),
        lambda: Problem("a").replace(hint="b"),
    ],
)
def test_a_value_takes_its_fields_once_each(made: Callable[[], Any]) -> None:
    with pytest.raises(TypeError):
        made()


def test_values_are_equal_by_their_fields_and_class() -> None:
    assert Problem("a") == Problem(message="a", help="") != Problem("a", "b")
    assert len({Problem("a"), Problem("a"), Problem("b")}) == 2
    assert Condition("a", print) != RunKind("a", print, name="b")
    assert repr(Problem("a")) == "Problem(message='a', help='')"
    assert Fix() == Fix() and Fix().fixed_in is not Fix().fixed_in


def test_hidden_fields_are_neither_compared_nor_shown() -> None:
    class Line(Value, hidden=("raw",)):
        number: int
        raw: str = ""

    assert Line(1, "secret") == Line(1, "other") != Line(2, "secret")
    assert hash(Line(1, "secret")) == hash(Line(1, "other"))
    assert repr(Line(1, "secret")) == "Line(number=1)"
    assert Line(1, "secret").replace(number=2).raw == "secret"


def test_what_dataclasses_offer_works_on_values() -> None:
    """Other people's rules may be changed by ``dataclasses.replace``."""
    assert dataclasses.replace(Problem("a"), help="b") == Problem("a", "b")
    assert [field.name for field in dataclasses.fields(Problem)] == ["message", "help"]
    assert pickle.loads(pickle.dumps(copy.deepcopy(Problem("a")))) == Problem("a")


def test_a_rule_and_a_scope_are_compared_by_identity() -> None:
    """They hold sets and mappings, which have no hash; the engine keeps them as keys."""
    scopes = [Scope({"gemma3"}, {"transformers": "<5"}) for _ in range(2)]
    rules = [Rule(code="GC901", severity=Severity.ERROR, scopes=(scopes[0],)) for _ in range(2)]
    assert scopes[0] != scopes[1] and rules[0] != rules[1]
    assert len({*scopes, *rules}) == 4


def test_a_diagnosis_shows_itself_in_words() -> None:
    shown = repr(Diagnosis(Facts(), (), ()))
    assert "Facts(" not in shown and "\n" not in shown
