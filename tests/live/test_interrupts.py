"""Ctrl-C at every line of patch, of revert and of a patched step, then revert: the same model.

torch calls no closing hook of a forward that KeyboardInterrupt ended, so what a hook wrote for the
time of a forward is put back by ``revert``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from gemma_compat import api, versions  # noqa: E402
from gemma_compat.engine.plan import Consent, make_plan  # noqa: E402
from gemma_compat.patching.apply import AppliedPatches  # noqa: E402

from .. import tiny  # noqa: E402
from . import compare  # noqa: E402
from .interrupts import at_every_line  # noqa: E402

QUICK = "gemma4_text" if "gemma4_text" in tiny.available() else "gemma3_text"
FEW_LAYERS = {
    "gemma2": {"num_hidden_layers": 2},
    "gemma3_text": {"num_hidden_layers": 2},
    "gemma3": {"num_hidden_layers": 2},
    "gemma3n_text": {
        "num_hidden_layers": 3,
        "num_kv_shared_layers": 1,
        "layer_types": ["sliding_attention", "full_attention", "full_attention"],
        "activation_sparsity_pattern": [0.0] * 3,
        "intermediate_size": [128] * 3,
    },
    "gemma4_text": {
        "num_hidden_layers": 3,
        "num_kv_shared_layers": 1,
        "layer_types": ["sliding_attention", "full_attention", "full_attention"],
    },
    "paligemma": {"num_hidden_layers": 2},
}
FEW_LAYERS["gemma4"] = FEW_LAYERS["gemma4_text"]
# Unsafe cures too, but for the quick one: some hook every layer many times over.
NAMES = [
    pytest.param(name, unsafe, marks=() if (name, unsafe) == (QUICK, False) else pytest.mark.slow)
    for name in tiny.available()
    for unsafe in (False, True)
]
names = pytest.mark.parametrize(("name", "unsafe"), NAMES)


class Subject:
    """One model that is used over and over, and what ``patch`` finds on it."""

    def __init__(self, name: str, unsafe: bool) -> None:
        self.model = tiny.build(name, **FEW_LAYERS[name])
        self.model.train()
        self.model.gradient_checkpointing_enable({"use_reentrant": True})
        self.model.enable_input_require_grads()
        self.batch = tiny.batch(name, size=1, tokens=4)
        self.found = compare.graph(self.model)
        self.diagnosis = api.diagnose(self.model)
        self.plan = make_plan(self.diagnosis, Consent(unsafe=unsafe))

    def patch(self, _: Any = None) -> AppliedPatches:
        """``gemma_compat.patch``, with what was detected once."""
        applied = AppliedPatches(self.diagnosis, self.plan)
        api._carry_out(applied, self.model, 2 if has_switch(self.model) else None)
        return applied

    def step(self, _: Any = None) -> None:
        self.model(**self.batch).loss.backward()
        self.model.zero_grad(set_to_none=True)

    def assert_as_found(self, place: str) -> None:
        self.model.zero_grad(set_to_none=True)
        assert compare.graph(self.model) == self.found, place


def has_switch(model: Any) -> bool:
    return any("gradient_checkpointing" in dir(type(module)) for module in model.modules())


@pytest.fixture
def subject(name: str, unsafe: bool) -> Iterator[Subject]:
    made = Subject(name, unsafe)
    yield made
    made.assert_as_found("at the end")


def interrupted(prepare: Callable[[], Any], action: Callable[[Any], Any], minimum: int) -> Any:
    """Each interrupt; fails where there were fewer than expected of a release with much to cure."""
    minimum = minimum if versions.contains(">=5.0.0", transformers.__version__) else 0
    places = 0
    for place, made in at_every_line(prepare, action):
        places += 1
        yield place, made
    assert places >= minimum


@names
def test_in_patch(subject: Subject) -> None:
    """Nobody holds what could be reverted, so patch itself leaves the model as it was."""
    kept: list[AppliedPatches] = []
    for place, _ in interrupted(lambda: None, lambda _: kept.append(subject.patch()), 100):
        while kept:
            kept.pop().revert()
        subject.assert_as_found(place)
    while kept:
        kept.pop().revert()


@names
def test_in_revert(subject: Subject) -> None:
    """A second revert finishes what the first one left, where it left anything."""
    for place, applied in interrupted(subject.patch, AppliedPatches.revert, 50):
        applied.revert()
        subject.assert_as_found(place)


@names
def test_on_leaving_a_with_block(subject: Subject) -> None:
    """There is no second revert: all is back when the interrupt goes on.

    But for the lines on which the block itself is entered and left, which nothing can guard.
    """

    def leave(applied: AppliedPatches) -> None:
        with applied:
            pass

    for place, applied in interrupted(subject.patch, leave, 50):
        if place.endswith(("in __enter__", "in __exit__", "in finish")):
            applied.revert()
        subject.assert_as_found(place)


@names
def test_in_a_step(subject: Subject) -> None:
    for place, applied in interrupted(subject.patch, subject.step, 20):
        applied.revert()
        subject.assert_as_found(place)


@pytest.mark.slow
@names
def test_the_next_step_is_right(subject: Subject) -> None:
    """A notebook goes on after Ctrl-C: the patched model computes what it did before."""
    applied = subject.patch()
    expected = compare.run(subject.model, subject.batch)
    for place, _ in interrupted(lambda: None, subject.step, 20):
        got = compare.run(subject.model, subject.batch)
        assert compare.differences(expected, got).are_none(), place
    subject.model.zero_grad(set_to_none=True)
    applied.revert()
