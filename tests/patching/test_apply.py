"""Carrying out a plan: in order, all or nothing, and back again. The rules are made up."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from gemma_compat.engine.plan import Plan, PlannedPatch  # noqa: E402
from gemma_compat.engine.rule import (  # noqa: E402
    Diagnosis,
    Rule,
)
from gemma_compat.errors import PatchConflict, PatchRefused, PatchTargetMissing  # noqa: E402
from gemma_compat.facts import Facts  # noqa: E402
from gemma_compat.patching.apply import AppliedPatches, apply_plan  # noqa: E402

from ..made import rule as made_rule  # noqa: E402
from .made import Model, double, negate, snapshot, triple  # noqa: E402


def rule(code: str, patch: Any) -> Rule:
    return made_rule(code, patch=patch)


def scale(value: int) -> Any:
    return lambda model, ledger: ledger.set_attribute(model.layers[0], "scale", value)


def fail_half_way(model: Any, ledger: Any) -> None:
    ledger.set_attribute(model.layers[1], "scale", 13)
    ledger.add_hook(model, "forward_hook", negate)
    raise PatchTargetMissing("no such layer")


def refuse(model: Any, ledger: Any) -> None:
    raise PatchRefused("not with this")


def crash(model: Any, ledger: Any) -> None:
    ledger.set_attribute(model.config, "use_cache", False)
    raise RuntimeError("a bug")


def run(model: Any, *patches: Any, preventive: bool = False) -> AppliedPatches:
    planned = [
        PlannedPatch(rule(f"GC9{n:02}", patch), preventive) for n, patch in enumerate(patches)
    ]
    diagnosis = Diagnosis(Facts(), (), ())
    return apply_plan(model, diagnosis, Plan(patches=tuple(planned)))


def test_in_order_and_back() -> None:
    model = Model()
    before = snapshot(model)
    applied = run(model, scale(5), scale(7))
    assert model.layers[0].scale == 7
    assert applied.codes == ("GC900", "GC901")
    assert [change.after for change in applied.changes] == ["5", "7"]
    applied.revert()
    assert snapshot(model) == before
    assert applied.codes == ()
    applied.revert()
    assert snapshot(model) == before


@pytest.mark.parametrize(
    ("patch", "error"),
    [(fail_half_way, PatchTargetMissing), (refuse, PatchRefused), (crash, RuntimeError)],
)
def test_a_failure_takes_back_the_patches_before_it_too(patch: Any, error: Any) -> None:
    model = Model()
    before = snapshot(model)
    with pytest.raises(error) as caught:
        run(model, scale(5), patch, scale(7))
    assert snapshot(model) == before
    if error is not RuntimeError:
        assert "GC901 made-gc901" in str(caught.value)


@pytest.mark.parametrize("patch", [fail_half_way, refuse])
def test_a_preventive_patch_that_does_not_fit_is_a_skip(patch: Any) -> None:
    model = Model()
    applied = run(model, scale(5), patch, scale(7), preventive=True)
    assert applied.codes == ("GC900", "GC902")
    assert [skip.rule.code for skip in applied.plan.skips] == ["GC901"]
    assert "does not fit" in applied.plan.skips[0].reason
    assert [planned.rule.code for planned in applied.plan.patches] == ["GC900", "GC902"]
    assert model.layers[1].scale == 2


def test_a_bug_in_a_preventive_patch_is_no_skip() -> None:
    with pytest.raises(RuntimeError):
        run(Model(), crash, preventive=True)


@pytest.mark.parametrize(
    ("change", "error"), [(fail_half_way, PatchTargetMissing), (crash, RuntimeError)]
)
def test_a_further_change_that_fails_takes_everything_back(change: Any, error: Any) -> None:
    model = Model()
    before = snapshot(model)
    applied = run(model, scale(5), scale(7))
    with pytest.raises(error):
        applied.add("checkpoint_every", model, change)
    assert snapshot(model) == before
    assert applied.codes == ()


def test_a_further_change_is_reverted_with_the_rest() -> None:
    model = Model()
    before = snapshot(model)
    applied = run(model, scale(5))
    applied.add("further", model, scale(7))
    assert (model.layers[0].scale, applied.codes) == (7, ("GC900", "further"))
    applied.revert()
    assert snapshot(model) == before


def test_leaving_a_with_block_reverts() -> None:
    model = Model()
    before = snapshot(model)
    with run(model, scale(5)) as applied:
        assert applied.codes == ("GC900",)
        assert model.layers[0].scale == 5
    assert snapshot(model) == before


def test_an_error_in_the_block_reverts_and_is_seen() -> None:
    model = Model()
    before = snapshot(model)
    with pytest.raises(KeyError, match="mine"), run(model, scale(5)):
        raise KeyError("mine")
    assert snapshot(model) == before


def test_a_conflict_on_leaving_is_raised() -> None:
    model = Model()
    with pytest.raises(PatchConflict, match=r"layers\.0\.scale"), run(model, scale(5)):
        model.layers[0].scale = 11


def test_a_conflict_never_hides_the_error_of_the_block() -> None:
    model = Model()
    with pytest.raises(KeyError, match="mine") as caught, run(model, scale(5)):
        model.layers[0].scale = 11
        raise KeyError("mine")
    assert any("layers.0.scale" in note for note in caught.value.__notes__)
    if hasattr(caught.value, "add_note"):
        assert "layers.0.scale" in "".join(traceback.format_exception(caught.value))


def test_a_conflict_in_one_patch_keeps_all_of_them() -> None:
    model = Model()

    def hooked(model: Any, ledger: Any) -> None:
        ledger.add_hook(model, "forward_hook", negate)

    applied = run(model, scale(5), hooked)
    model.layers[0].scale = 11
    held = snapshot(model)
    with pytest.raises(PatchConflict):
        applied.revert()
    assert snapshot(model) == held
    assert applied.codes == ("GC900", "GC901")
    model.layers[0].scale = 5  # handed back
    applied.revert()
    assert not model._forward_hooks


def test_two_patches_of_one_slot_are_no_conflict() -> None:
    model = Model()
    before = snapshot(model)

    def replace(function: Any) -> Any:
        return lambda model, ledger: ledger.replace_method(model.layers[0], "forward", function)

    with run(model, replace(double), replace(triple)):
        assert model.layers[0].forward.func is triple
    assert snapshot(model) == before
