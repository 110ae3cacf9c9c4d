"""The places that a ledger writes, one by one: each state that an interrupt can leave them in."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from gemma_compat.patching import _slots  # noqa: E402
from gemma_compat.patching._slots import (  # noqa: E402
    HANDLES,
    AttributeSlot,
    HookSlot,
    ModuleSlot,
    Slot,
)
from gemma_compat.patching._values import MISSING  # noqa: E402
from gemma_compat.patching._weak import WeakMethod, reference  # noqa: E402
from gemma_compat.patching.ledger import Change, Ledger, finish  # noqa: E402

from .made import Model, look, negate, snapshot  # noqa: E402


class Owner:
    inherited = "of the class"

    def __init__(self) -> None:
        self.there = 1


def entries(owner: Any) -> dict[str, Any]:
    return dict(vars(owner)) if isinstance(owner, (Owner, type)) else snapshot(owner)


def new_class() -> type:
    return type("Made", (), {"there": 1})


def hook_slot(module: Any, **options: Any) -> HookSlot:
    return HookSlot(module, "forward_hook", negate, options, None)


MAKERS: dict[str, tuple[Callable[[], Any], Callable[[Any], Slot]]] = {
    "attribute": (Owner, lambda owner: AttributeSlot(owner, "there", 1, 2, "x.there")),
    "new attribute": (
        Owner,
        lambda owner: AttributeSlot(owner, "inherited", MISSING, 2, "x.inherited"),
    ),
    "of a class": (new_class, lambda owner: AttributeSlot(owner, "there", 1, 2, "x.there")),
    "new in a class": (new_class, lambda owner: AttributeSlot(owner, "new", MISSING, 2, "x.new")),
    "module": (
        Model,
        lambda owner: ModuleSlot(owner, "layers", owner.layers, torch.nn.Identity(), "x.layers"),
    ),
    "hook": (Model, hook_slot),
    "hook with options": (
        Model,
        lambda owner: hook_slot(owner, with_kwargs=False, always_call=True),
    ),
}
each_slot = pytest.mark.parametrize(("make", "slot_of"), MAKERS.values(), ids=MAKERS)


@each_slot
def test_nothing_written_is_nothing_to_put_back(make: Any, slot_of: Any) -> None:
    owner = make()
    before, slot = entries(owner), slot_of(owner)
    assert slot.is_confirmed is False and slot.conflict() is None
    slot.restore()
    assert entries(owner) == before


@each_slot
@pytest.mark.parametrize("confirmed", [True, False])
def test_what_was_written_is_put_back_as_often_as_asked(
    make: Any, slot_of: Any, confirmed: bool
) -> None:
    """``False``: the interrupt came between the write and its note."""
    owner = make()
    before, slot = entries(owner), slot_of(owner)
    slot.write()
    assert slot.is_confirmed is True
    slot.is_confirmed = confirmed
    assert entries(owner) != before and slot.conflict() is None
    for _ in range(2):
        slot.restore()
        assert entries(owner) == before and slot.conflict() is None


@each_slot
def test_the_owner_may_be_gone(make: Any, slot_of: Any) -> None:
    owner = make()
    slot = slot_of(owner)
    slot.write()
    slot.owner = lambda: None
    assert slot.conflict() is None
    slot.restore()


@each_slot
def test_the_key_is_the_place(make: Any, slot_of: Any) -> None:
    one, other = make(), make()
    assert slot_of(one).key == slot_of(one).key != slot_of(other).key


def test_a_key_names_the_entry_and_the_hook() -> None:
    owner, model = Owner(), Model()
    assert AttributeSlot(owner, "a", 1, 2, "").key != AttributeSlot(owner, "b", 1, 2, "").key
    pre = HookSlot(model, "forward_pre_hook", look, {}, None)
    assert pre.key != hook_slot(model).key
    assert hook_slot(model).key != HookSlot(model, "forward_hook", look, {}, None).key


# Attributes.


def test_who_holds_a_slot_is_named_unless_it_holds_what_was_there() -> None:
    owner = Owner()
    slot = AttributeSlot(owner, "there", 1, 2, "model.there")
    slot.write()
    owner.there = 7
    assert slot.conflict() == "model.there is now 7"
    owner.there = 1
    assert slot.conflict() is None
    del owner.there
    assert slot.conflict() == "model.there is now absent"


def test_a_value_that_the_owner_converts_is_expected_as_converted() -> None:
    class Converts(Owner):
        def __setattr__(self, name: str, value: Any) -> None:
            if name == "there" and isinstance(value, int) and value < 0:
                raise ValueError("cannot be below zero")
            vars(self)[name] = str(value)

    owner = Converts()
    vars(owner)["there"] = -1
    slot = AttributeSlot(owner, "there", -1, 2, "x")
    slot.write()
    assert owner.there == "2" and slot.conflict() is None
    slot.restore()  # past __setattr__, which would refuse it
    assert vars(owner)["there"] == -1


def test_a_subclass_keeps_what_it_inherits() -> None:
    parent = new_class()
    child = type("Child", (parent,), {})
    slot = AttributeSlot(child, "there", MISSING, 2, "x")
    slot.write()
    assert (child.there, parent.there) == (2, 1)  # type: ignore[attr-defined]
    slot.restore()
    assert "there" not in vars(child) and child.there == 1  # type: ignore[attr-defined]


# Hooks.


def test_a_hook_leaves_nothing_in_torchs_other_tables() -> None:
    model = Model()
    slots = [
        HookSlot(model, "forward_hook", negate, {"with_kwargs": True, "always_call": True}, None),
        HookSlot(model, "forward_pre_hook", look, {"with_kwargs": True}, None),
    ]
    for slot in slots:
        slot.write()
    assert len(vars(model)[HANDLES]) == 2
    slots[0].restore()
    assert [handle.id for handle in vars(model)[HANDLES]] == list(model._forward_pre_hooks)
    slots[1].restore()
    assert HANDLES not in vars(model)
    tables = ("hooks", "hooks_with_kwargs", "hooks_always_called", "pre_hooks")
    tables += ("pre_hooks_with_kwargs",)
    assert not any(getattr(model, f"_forward_{table}") for table in tables)


def test_the_hooks_of_others_stay() -> None:
    model = Model()
    theirs = model.register_forward_hook(look, with_kwargs=True, always_call=True)
    slot = hook_slot(model, with_kwargs=True)
    slot.write()
    slot.restore()
    assert list(model._forward_hooks) == [theirs.id]
    assert list(model._forward_hooks_with_kwargs) == [theirs.id]
    assert list(model._forward_hooks_always_called) == [theirs.id]


def test_undo_is_called_with_the_module_each_time() -> None:
    model, undone = Model(), []
    slot = HookSlot(model, "forward_hook", negate, {}, undone.append)
    slot.write()
    slot.restore()
    slot.restore()
    assert undone == [model, model]


def test_a_handle_that_torch_did_not_give_us_is_no_obstacle() -> None:
    """The interrupt came after torch registered the hook and before we kept its handle."""
    model = Model()
    slot = hook_slot(model)
    model.register_forward_hook(negate)
    slot.restore()
    assert not model._forward_hooks


# The transaction around them.


def test_what_a_user_reads_of_a_write_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Change("GC999", "model.scale", "2", "5").after = "6"  # type: ignore[misc]


class Stopped(BaseException):
    """Stands for Ctrl-C."""


@pytest.mark.parametrize("late", [False, True])
def test_a_write_that_is_stopped_is_taken_back(monkeypatch: pytest.MonkeyPatch, late: bool) -> None:
    model = Model()
    before, ledger = snapshot(model), Ledger("GC999", model)
    write = AttributeSlot.write

    def stop(slot: AttributeSlot) -> None:
        assert ledger.changes == ()  # recorded, and not confirmed
        if late:
            write(slot)
        raise Stopped

    monkeypatch.setattr(_slots.AttributeSlot, "write", stop)
    with pytest.raises(Stopped):
        ledger.set_attribute(model.layers[0], "scale", 5)
    assert snapshot(model) == before
    assert ledger.changes == () and ledger.conflicts() == []
    assert ledger._entries == []


def test_a_record_that_is_stopped_leaves_the_earlier_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model()
    ledger = Ledger("GC999", model)
    ledger.set_attribute(model.layers[0], "scale", 5)

    def stop(entry: Any) -> None:
        raise Stopped

    monkeypatch.setattr(ledger, "_record", stop)
    with pytest.raises(Stopped):
        ledger.set_attribute(model.layers[1], "scale", 6)
    assert [change.path for change in ledger.changes] == ["model.layers.0.scale"]
    assert model.layers[1].scale == 2


def test_a_step_that_is_stopped_is_run_again_and_the_stop_raised() -> None:
    ran = []

    def step() -> None:
        ran.append(len(ran))
        if len(ran) == 1:
            raise Stopped

    with pytest.raises(Stopped):
        finish(step)
    assert ran == [0, 1]
    finish(step)
    assert ran == [0, 1, 2]


def test_a_way_back_that_is_stopped_comes_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model()
    before, ledger = snapshot(model), Ledger("GC999", model)
    ledger.set_attribute(model.layers[0], "scale", 5)
    ledger.set_attribute(model.layers[1], "scale", 6)
    restore, calls = AttributeSlot.restore, []

    def stop_once(slot: AttributeSlot) -> None:
        calls.append(slot)
        restore(slot)
        if len(calls) == 1:
            raise Stopped

    monkeypatch.setattr(_slots.AttributeSlot, "restore", stop_once)
    with pytest.raises(Stopped):
        ledger.revert()
    assert snapshot(model) == before and ledger.changes == ()


# What a ledger holds on to.


class Slotted:
    """Takes no weak reference."""

    __slots__ = ("there",)


def test_an_object_without_weak_references_is_held_and_any_other_is_not() -> None:
    held = Slotted()
    assert reference(held)() is held
    owner = Owner()
    found = reference(owner)
    assert found() is owner
    del owner
    assert found() is None


def name_of(owner: Owner, *parts: str) -> str:
    return f"{owner.there} {' '.join(parts)}"


def test_a_method_is_called_with_its_owner_until_that_is_freed() -> None:
    owner = Owner()
    method = WeakMethod(name_of, owner, "a")
    assert method("b") == "1 a b" and method.owner() is owner
    del owner
    with pytest.raises(ReferenceError, match="name_of was called after its model was freed"):
        method("b")


def test_a_copied_method_is_bound_to_the_copied_owner() -> None:
    owner = Owner()
    vars(owner)["method"] = WeakMethod(name_of, owner, "a")
    made = copy.deepcopy(owner)
    made.there = 2
    assert vars(made)["method"]("b") == "2 a b"
    assert vars(owner)["method"]("b") == "1 a b"
