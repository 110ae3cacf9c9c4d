"""Laws of the ledger, for any sequence of writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from gemma_compat.patching.ledger import Ledger  # noqa: E402

from .made import Model, double, look, negate, snapshot, triple  # noqa: E402

Step = Callable[[Ledger, Model], None]

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 2),
    st.floats(),
    st.lists(st.one_of(st.booleans(), st.integers(0, 2)), max_size=2),
    st.builds(object),
)


def attribute(layer: int, name: str, value: Any) -> Step:
    return lambda ledger, model: ledger.set_attribute(model.layers[layer], name, value)


def field(inner: bool, name: str, value: Any) -> Step:
    def step(ledger: Ledger, model: Model) -> None:
        ledger.set_attribute(model.config.text_config if inner else model.config, name, value)

    return step


def hook(layer: int, kind: str, function: Any) -> Step:
    return lambda ledger, model: ledger.add_hook(model.layers[layer], kind, function)


def method(layer: int, function: Any) -> Step:
    return lambda ledger, model: ledger.replace_method(model.layers[layer], "forward", function)


def module(layer: int) -> Step:
    return lambda ledger, model: ledger.replace_module(
        model.layers[layer], "linear", torch.nn.Identity()
    )


LAYERS = st.integers(0, 1)
STEPS = st.one_of(
    st.builds(attribute, LAYERS, st.sampled_from(["scale", "brand_new"]), VALUES),
    st.builds(field, st.booleans(), st.sampled_from(["use_cache", "inherited"]), VALUES),
    st.builds(hook, LAYERS, st.just("forward_hook"), st.just(negate)),
    st.builds(hook, LAYERS, st.just("forward_pre_hook"), st.just(look)),
    st.builds(method, LAYERS, st.sampled_from([double, triple])),
    st.builds(module, LAYERS),
)


def is_identical(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """The very same objects, not only equal ones: ``True`` for ``1`` would be a change."""
    if one.keys() != other.keys():
        return False
    return all(
        value is other[key]
        or (isinstance(value, dict) and isinstance(other[key], dict) and value == other[key])
        for key, value in one.items()
    )


@settings(deadline=None, max_examples=150)
@given(st.lists(STEPS, max_size=12))
def test_revert_after_any_writes_is_identity(steps: list[Step]) -> None:
    model = Model()
    before = snapshot(model)
    ledger = Ledger("GC999", model)
    for step in steps:
        step(ledger, model)
    ledger.revert()
    assert is_identical(snapshot(model), before)


@settings(deadline=None, max_examples=100)
@given(st.lists(STEPS, max_size=8), st.integers(0, 7))
def test_a_failure_after_any_number_of_writes_is_identity(steps: list[Step], failing: int) -> None:
    model = Model()
    before = snapshot(model)
    with pytest.raises(ZeroDivisionError), Ledger("GC999", model) as ledger:
        for step in steps[:failing]:
            step(ledger, model)
        raise ZeroDivisionError
    assert is_identical(snapshot(model), before)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.booleans(), STEPS), max_size=10))
def test_two_ledgers_revert_in_turn(steps: list[tuple[bool, Step]]) -> None:
    """One after the other, as two rules' patches are applied."""
    model = Model()
    before = snapshot(model)
    first, second = Ledger("GC998", model), Ledger("GC999", model)
    for ledger in (first, second):
        for which, step in steps:
            if which == (ledger is second):
                step(ledger, model)
    second.revert()
    first.revert()
    assert is_identical(snapshot(model), before)


@settings(deadline=None, max_examples=100)
@given(STEPS)
def test_every_write_is_seen_or_was_not_needed(step: Step) -> None:
    model = Model()
    before = snapshot(model)
    ledger = Ledger("GC999", model)
    step(ledger, model)
    assert bool(ledger.changes) == (not is_identical(snapshot(model), before))
