"""What every patch keeps, on real tiny models: a new patch gets these tests for free.

Every rule with a patch, on every model type that this release of transformers has and that the
rule covers here, whatever its other conditions are.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import gemma_compat  # noqa: E402
from gemma_compat import versions  # noqa: E402
from gemma_compat.engine.rule import Rule  # noqa: E402
from gemma_compat.errors import PatchError, PatchNotNeeded  # noqa: E402
from gemma_compat.live.unwrap import unwrap  # noqa: E402
from gemma_compat.patching.ledger import Ledger  # noqa: E402
from gemma_compat.rules import all_rules  # noqa: E402

from .. import tiny  # noqa: E402
from . import compare  # noqa: E402

torch.set_num_threads(1)
RELEASE = transformers.__version__
VERBS = ("set_attribute", "replace_method", "replace_module", "add_hook")


def covers(rule: Rule, name: str) -> bool:
    """Whether a scope of the rule has this model type in this release."""
    return any(
        name in scope.model_types
        and versions.contains(scope.packages.get("transformers", ""), RELEASE)
        for scope in rule.scopes
    )


def cases() -> Iterator[Any]:
    for rule in all_rules():
        for name in tiny.available():
            if rule.patch is not None and not rule.at_import and covers(rule, name):
                yield pytest.param(rule, name, id=f"{rule.code}-{name}")


each_patch = pytest.mark.parametrize(("rule", "name"), list(cases()))


def apply(rule: Rule, model: Any, ledger: Ledger | None = None) -> Ledger:
    """The patch on the innermost model. A refusal leaves it as it was, and ends the test."""
    base = unwrap(model)
    before = compare.graph(base)
    ledger = ledger or Ledger(rule.code, base)
    assert rule.patch is not None
    try:
        with ledger:
            rule.patch(base, ledger)
    except PatchError as error:
        assert compare.graph(base) == before
        pytest.skip(f"{type(error).__name__}: {error}")
    return ledger


def results(model: Any, name: str) -> list[compare.Run]:
    """A forward and backward in eval and in training mode, in which the model is left."""
    batch = tiny.batch(name)
    made = [compare.run(model.train(mode), batch) for mode in (False, True)]
    model.zero_grad(set_to_none=True)
    return made


def assert_same(expected: list[compare.Run], got: list[compare.Run]) -> None:
    for pair in zip(expected, got, strict=True):
        compare.assert_same(*pair)


class FailsAt(Ledger):
    """Raises instead of the n-th write."""

    def __init__(self, rule: Rule, model: Any, n: int) -> None:
        super().__init__(rule.code, model)
        self.left = n

    def __getattribute__(self, name: str) -> Any:
        if name in VERBS:
            self.left -= 1
            if self.left < 0:
                raise InjectedError
        return super().__getattribute__(name)


class InjectedError(Exception):
    pass


@each_patch
def test_revert_gives_back_an_equal_object_graph(rule: Rule, name: str) -> None:
    model = tiny.build(name)
    before, plain = compare.graph(model), results(tiny.build(name), name)
    ledger = apply(rule, model)
    assert (compare.graph(model) != before) == bool(ledger.changes)
    results(model, name)
    ledger.revert()
    assert compare.graph(model) == before
    ledger.revert()
    assert compare.graph(model) == before
    assert_same(plain, results(model, name))


@each_patch
def test_applied_twice_is_applied_once(rule: Rule, name: str) -> None:
    model = tiny.build(name)
    apply(rule, model)
    once, again = compare.graph(model), Ledger(rule.code, model)
    assert rule.patch is not None
    try:
        rule.patch(model, again)
    except PatchNotNeeded:
        pass
    assert again.changes == ()
    assert compare.graph(model) == once


@each_patch
def test_a_failure_at_any_write_leaves_the_model_as_it_was(rule: Rule, name: str) -> None:
    model = tiny.build(name)
    before = compare.graph(model)
    writes = count_writes(rule, name)
    for n in sorted({0, 1, writes // 2, writes - 1} & set(range(writes))):
        with pytest.raises(InjectedError):
            apply(rule, model, FailsAt(rule, model, n))
        assert compare.graph(model) == before, f"write {n} of {writes}"


def count_writes(rule: Rule, name: str) -> int:
    model = tiny.build(name)
    ledger = FailsAt(rule, model, 10_000)
    apply(rule, model, ledger)
    return 10_000 - ledger.left


@each_patch
@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_a_copy_is_patched_alike_and_stands_alone(rule: Rule, name: str, how: str) -> None:
    model = tiny.build(name)
    apply(rule, model)
    expected = results(model, name)
    made = copy.deepcopy(model) if how == "deepcopy" else pickle.loads(pickle.dumps(model))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    assert_same(expected, results(made, name))


@each_patch
def test_an_adapter_trains_and_the_wrapper_survives(rule: Rule, name: str) -> None:
    pytest.importorskip("peft")
    model = compare.make(name, lora=True)
    before = compare.graph(model)
    ledger = apply(rule, model)
    for run in results(model, name):
        reached = [grad for grad in run.grads.values() if grad is not None]
        assert reached and all(torch.isfinite(grad).all() for grad in reached)
        assert all(grad.any() for grad in reached)
    ledger.revert()
    assert compare.graph(model) == before


@pytest.mark.parametrize("name", tiny.available())
def test_all_patches_together_revert(name: str) -> None:
    model = tiny.build(name)
    before = compare.graph(model)
    applied = gemma_compat.patch(model)
    patched = compare.graph(model)
    again = gemma_compat.patch(model)
    assert again.changes == ()
    assert compare.graph(model) == patched
    results(model, name)
    applied.revert()
    assert compare.graph(model) == before
    assert applied.codes == ()


@pytest.mark.parametrize("name", tiny.available())
def test_a_dry_run_changes_nothing(name: str) -> None:
    model = tiny.build(name)
    before = compare.graph(model)
    planned = gemma_compat.patch(model, dry_run=True)
    assert planned.changes == ()
    assert compare.graph(model) == before
    done = gemma_compat.patch(model)
    assert [item.rule.code for item in done.plan.patches] == [
        item.rule.code for item in planned.plan.patches if item.rule.code in done.codes
    ]
