"""What every patch keeps, on real tiny models: a new patch gets these tests for free.

Every rule with a patch, on every model type that this release of transformers has and that the
rule covers here, whatever its other conditions are. A cell whose patch has nothing to do on a tiny
model stands in ``REFUSED`` with the error it raises: none is skipped, and no other may refuse.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import gemma_compat  # noqa: E402
from gemma_compat import versions  # noqa: E402
from gemma_compat.engine.rule import Rule  # noqa: E402
from gemma_compat.errors import (  # noqa: E402
    PatchError,
    PatchNotNeeded,
    PatchRefused,
    PatchTargetMissing,
)
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


@dataclass(frozen=True)
class Refusal:
    """A patch that ends in an error on these plain models, and writes nothing.

    Attributes:
        model_types: those for which it does; every one that the rule covers by default.
        releases: those of transformers in which it does.
    """

    error: type[PatchError]
    says: str
    model_types: frozenset[str] = frozenset(tiny.available())
    releases: str = ""


GEMMA3N = frozenset({"gemma3n_text"})
REFUSED = {
    "GC301": Refusal(PatchNotNeeded, "attention does not run through sdpa"),
    "GC401": Refusal(PatchTargetMissing, "not those of a Gemma 3", GEMMA3N),
    "GC404": Refusal(PatchTargetMissing, "no Linear4bit"),
    "GC607": Refusal(PatchNotNeeded, "the output layer is the embeddings"),
    "GC804": Refusal(PatchRefused, "share keys and values through the cache", GEMMA3N, "<5.6.0"),
    "GC1105": Refusal(PatchNotNeeded, "does not scale the embeddings a second time"),
}

# Cells where the patch applies, and where it refuses, by release of transformers.
COUNTED = {
    "4.50.3": (19, 10),
    "4.56.2": (17, 13),
    "4.57.6": (16, 13),
    "5.2.0": (19, 14),
    "5.5.4": (35, 19),
    "5.12.1": (28, 18),
    "5.23.0": (26, 16),
    "5.24.0": (26, 16),
}


def refusal_of(rule: Rule, name: str) -> Refusal | None:
    """What is written of this cell on this release; ``None`` where the patch has to apply."""
    known = REFUSED.get(rule.code)
    if known is None or name not in known.model_types:
        return None
    return known if versions.contains(known.releases, RELEASE) else None


def cells() -> Iterator[tuple[Rule, str]]:
    for rule in all_rules():
        for name in tiny.available():
            if rule.patch is not None and not rule.at_import and covers(rule, name):
                yield rule, name


def cases(*, refused: bool) -> list[Any]:
    return [
        pytest.param(rule, name, id=f"{rule.code}-{name}")
        for rule, name in cells()
        if (refusal_of(rule, name) is not None) is refused
    ]


each_patch = pytest.mark.parametrize(("rule", "name"), cases(refused=False))
each_refusal = pytest.mark.parametrize(("rule", "name"), cases(refused=True))


def apply(rule: Rule, model: Any, ledger: Ledger | None = None) -> Ledger:
    """The patch on the innermost model, rolled back where it raises."""
    base = unwrap(model)
    ledger = ledger or Ledger(rule.code, base)
    assert rule.patch is not None
    with ledger:
        rule.patch(base, ledger)
    return ledger


@each_refusal
def test_these_cells_refuse_by_name_and_leave_the_model_as_it_was(rule: Rule, name: str) -> None:
    model, known = tiny.build(name), refusal_of(rule, name)
    before = compare.graph(model)
    assert known is not None
    with pytest.raises(PatchError, match=known.says) as caught:
        apply(rule, model)
    assert type(caught.value) is known.error
    assert compare.graph(model) == before


def test_as_many_cells_apply_and_refuse_as_were_counted() -> None:
    """A rule or a model type that is no longer tried shows here. Count anew after adding one."""
    counted = len(cases(refused=False)), len(cases(refused=True))
    assert counted == COUNTED.get(RELEASE, counted)


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
