"""Each verb of the ledger: what it writes, what it records, and what comes back."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from gemma_compat.errors import PatchConflict, PatchError  # noqa: E402
from gemma_compat.patching._values import MISSING, is_same, text_of  # noqa: E402
from gemma_compat.patching.ledger import Change, Ledger  # noqa: E402
from gemma_compat.patching.saving import as_found, found_values, remember_found  # noqa: E402

from .made import Config, Layer, Model, double, look, negate, snapshot, triple  # noqa: E402

X = torch.ones(1, 2)


def set_attribute(ledger: Ledger, model: Model) -> None:
    ledger.set_attribute(model.layers[0], "scale", 5)


def set_new_attribute(ledger: Ledger, model: Model) -> None:
    ledger.set_attribute(model.layers[0], "brand_new", "here")


def set_config(ledger: Ledger, model: Model) -> None:
    ledger.set_attribute(model.config.text_config, "use_cache", False)


def set_new_config(ledger: Ledger, model: Model) -> None:
    ledger.set_attribute(model.config, "inherited", "on the instance")


def replace_method(ledger: Ledger, model: Model) -> None:
    ledger.replace_method(model.layers[1], "forward", double)


def replace_module(ledger: Ledger, model: Model) -> None:
    ledger.replace_module(model.layers[0], "linear", IDENTITY)


def add_hook(ledger: Ledger, model: Model) -> None:
    ledger.add_hook(model.layers[0], "forward_hook", negate)


def add_pre_hook(ledger: Ledger, model: Model) -> None:
    ledger.add_hook(model, "forward_pre_hook", look)


IDENTITY = torch.nn.Identity()
VERBS = [
    set_attribute,
    set_new_attribute,
    set_config,
    set_new_config,
    replace_method,
    replace_module,
    add_hook,
    add_pre_hook,
]
verbs = pytest.mark.parametrize("verb", VERBS)


@verbs
def test_written_then_reverted_is_as_before(verb: Callable[..., None]) -> None:
    model = Model()
    before = snapshot(model)
    ledger = Ledger("GC999", model)
    verb(ledger, model)
    assert snapshot(model) != before
    assert ledger.changes
    ledger.revert()
    assert snapshot(model) == before
    assert ledger.changes == ()


@verbs
def test_doing_it_twice_is_doing_it_once(verb: Callable[..., None]) -> None:
    model = Model()
    ledger, again = Ledger("GC999", model), Ledger("GC999", model)
    verb(ledger, model)
    once, changes = snapshot(model), ledger.changes
    verb(ledger, model)
    verb(again, model)
    assert snapshot(model) == once
    assert ledger.changes == changes
    assert again.changes == ()


@verbs
def test_reverting_twice_is_reverting_once(verb: Callable[..., None]) -> None:
    model = Model()
    before = snapshot(model)
    ledger = Ledger("GC999", model)
    verb(ledger, model)
    ledger.revert()
    ledger.revert()
    assert snapshot(model) == before


@verbs
def test_a_failure_half_way_leaves_nothing(verb: Callable[..., None]) -> None:
    model = Model()
    before = snapshot(model)
    with pytest.raises(KeyError), Ledger("GC999", model) as ledger:
        verb(ledger, model)
        raise KeyError
    assert snapshot(model) == before


@verbs
def test_a_copy_and_a_pickle_are_changed_alike_and_stand_alone(verb: Callable[..., None]) -> None:
    model = Model()
    ledger = Ledger("GC999", model)
    verb(ledger, model)
    expected = model(X)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(other(X), expected)
        with torch.no_grad():
            for parameter in other.parameters():
                parameter.zero_()
        assert not torch.equal(other(X), expected)  # its own weights
        assert torch.equal(model(X), expected)
    ledger.revert()


def test_changes_name_the_place_and_the_values() -> None:
    model = Model()
    ledger = Ledger("GC999", model)
    set_config(ledger, model)
    replace_method(ledger, model)
    add_hook(ledger, model)
    assert Change("GC999", "model.config.text_config.use_cache", "True", "False") in ledger.changes
    assert Change("GC999", "model.layers.1.forward", "absent", "double") in ledger.changes
    assert Change("GC999", "model.layers.0.forward_hook", "absent", "negate") in ledger.changes


def test_what_works_does() -> None:
    model = Model()
    plain = model(X)
    ledger = Ledger("GC999", model)
    replace_method(ledger, model)
    assert torch.equal(model(X), plain * 2)
    ledger.revert()
    assert torch.equal(model(X), plain)
    add_hook(ledger, model)
    assert not torch.equal(model(X), plain)


# What was not there is deleted, not written back.


def test_an_inherited_value_does_not_stay_on_the_instance() -> None:
    model = Model()
    ledger = Ledger("GC999", model)
    set_new_config(ledger, model)
    assert vars(model.config)["inherited"] == "on the instance"
    ledger.revert()
    assert "inherited" not in vars(model.config)
    assert model.config.inherited == "from the class"


def test_a_method_of_the_class_comes_back() -> None:
    model = Model()
    ledger = Ledger("GC999", model)
    replace_method(ledger, model)
    ledger.revert()
    assert "forward" not in vars(model.layers[1])


def test_none_is_a_value_and_not_missing() -> None:
    model = Model()
    model.config.pad = None
    ledger = Ledger("GC999", model)
    ledger.set_attribute(model.config, "pad", 0)
    ledger.revert()
    assert vars(model.config)["pad"] is None


def test_there_is_no_trail_to_the_original() -> None:
    """accelerate and Unsloth's compiler follow ``__wrapped__``, and would drop the patch."""
    model = Model()
    replace_method(Ledger("GC999", model), model)
    assert not hasattr(model.layers[1].forward, "__wrapped__")


# Last in, first out.


def test_two_writes_to_one_slot_come_back_in_order() -> None:
    model = Model()
    before = snapshot(model)
    ledger = Ledger("GC999", model)
    for value in (5, 7, 5):
        ledger.set_attribute(model.layers[0], "scale", value)
    ledger.replace_method(model.layers[0], "forward", double)
    ledger.replace_method(model.layers[0], "forward", triple)
    assert len(ledger.changes) == 5
    ledger.revert()
    assert snapshot(model) == before


# Somebody else holds the slot.


def overwrite_attribute(model: Model) -> None:
    model.layers[0].scale = 11


def overwrite_method(model: Model) -> None:
    model.layers[1].forward = model.layers[0].forward


def overwrite_module(model: Model) -> None:
    model.layers[0].linear = torch.nn.Identity()


CONFLICTS = [
    (set_attribute, overwrite_attribute, "model.layers.0.scale is now 11"),
    (replace_method, overwrite_method, "model.layers.1.forward is now Layer.forward"),
    (replace_module, overwrite_module, "model.layers.0.linear is now Identity"),
]


@pytest.mark.parametrize(("verb", "overwrite", "message"), CONFLICTS)
def test_a_conflict_is_named_and_changes_nothing(
    verb: Callable[..., None], overwrite: Callable[..., None], message: str
) -> None:
    model = Model()
    ledger = Ledger("GC999", model)
    add_hook(ledger, model)  # could be put back, and is not
    verb(ledger, model)
    overwrite(model)
    held, changes = snapshot(model), ledger.changes
    with pytest.raises(PatchConflict, match="GC999") as caught:
        ledger.revert()
    assert message in str(caught.value)
    assert snapshot(model) == held
    assert ledger.changes == changes


def test_who_puts_the_old_value_back_is_in_nobodys_way() -> None:
    model = Model()
    before = snapshot(model)
    ledger = Ledger("GC999", model)
    set_attribute(ledger, model)
    model.layers[0].scale = 2
    ledger.revert()
    assert snapshot(model) == before


# What is saved is what was found, whoever wrote the config since.


def test_saving_writes_what_was_found() -> None:
    model = Model()
    expected = model.save_pretrained()
    ledger = Ledger("GC999", model)
    remember_found(ledger, [(model.config, "use_cache"), (model.config, "brand_new")])
    model.config.use_cache, model.config.brand_new = False, 1
    assert model.save_pretrained() == expected
    assert model.config.use_cache is False and model.config.brand_new == 1
    ledger.revert()
    assert "save_pretrained" not in vars(model)
    assert model.config.use_cache is False, "what somebody else wrote stays"


def test_the_first_value_found_is_the_one_that_counts() -> None:
    model = Model()
    first, second = Ledger("GC998", model), Ledger("GC999", model)
    remember_found(first, [(model.config, "use_cache")])
    model.config.use_cache = False
    remember_found(second, [(model.config, "use_cache")])
    assert model.save_pretrained()["use_cache"] is True
    second.revert()
    assert model.save_pretrained()["use_cache"] is True
    first.revert()
    assert found_values(model) == []


def test_no_note_outlives_the_patches() -> None:
    """Patched, and patched again later by the same rule, as the hook does."""
    model = Model()
    before = snapshot(model)
    first, second = Ledger("GC999", model), Ledger("GC999", model)
    remember_found(first, [(model.config, "use_cache")])
    remember_found(second, [(model.config.text_config, "use_cache")])
    assert len(found_values(model)) == 2
    second.revert()
    first.revert()
    assert found_values(model) == []
    assert snapshot(model) == before


def test_saves_that_overlap_in_threads_leave_the_running_value() -> None:
    """The second one comes in while the first is writing, and goes when the first is gone."""
    model = Model()
    remember_found(Ledger("GC999", model), [(model.config, "use_cache")])
    model.config.use_cache = False
    both_are_in, first_is_out = threading.Barrier(2), threading.Event()
    seen: list[bool] = []

    def save(is_first: bool) -> None:
        with as_found(model):
            both_are_in.wait(10)
            seen.append(model.config.use_cache)
            if not is_first:
                first_is_out.wait(10)
                seen.append(model.config.use_cache)
        if is_first:
            first_is_out.set()

    threads = [threading.Thread(target=save, args=(first,)) for first in (True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True, True, True]
    assert model.config.use_cache is False


def test_a_save_leaves_the_running_value_of_a_config_with_two_faces() -> None:
    """A view shares its fields with the config that it is of (GC301)."""
    model, view = Model(), Config()
    view.__dict__ = vars(model.config)
    fields = [(model.config, "use_cache"), (view, "use_cache")]
    remember_found(Ledger("GC999", model), fields)
    model.config.use_cache = False
    with as_found(model):
        assert model.config.use_cache is True
    assert model.config.use_cache is False


# What the ledger could not take back, it does not write.


@pytest.mark.parametrize("name", ["attn_implementation", "alias"])
def test_a_field_that_is_kept_elsewhere_is_refused(name: str) -> None:
    model = Model()
    before = snapshot(model)
    with pytest.raises(PatchError, match=name):
        Ledger("GC999", model).set_attribute(model.config, name, "sdpa")
    assert snapshot(model) == before


def test_a_submodule_is_no_attribute() -> None:
    model = Model()
    with pytest.raises(PatchError, match="linear"):
        Ledger("GC999", model).set_attribute(model.layers[0], "linear", None)
    with pytest.raises(PatchError, match="weight"):
        Ledger("GC999", model).set_attribute(model.layers[0].linear, "weight", None)


def test_an_owner_that_the_model_does_not_hold_is_named_by_its_class() -> None:
    ledger = Ledger("GC999", Model())
    ledger.set_attribute(Layer(), "scale", 9)
    assert ledger.changes[0].path == "Layer.scale"


# Values.


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1, True),
        (1, True, False),
        (1, 1.0, False),
        ([1, 2], [1, 2], True),
        ([1], [True], False),
        ([1], [1, 2], False),
        ((1,), [1], False),
        ("a", "a", True),
        (MISSING, None, False),
        (MISSING, copy.deepcopy(MISSING), True),
        (MISSING, pickle.loads(pickle.dumps(MISSING)), True),
        (Config(), Config(), False),
        (torch.ones(2), torch.ones(2), False),
        ([torch.ones(2)], [torch.ones(2)], False),
    ],
)
def test_is_same(one: Any, other: Any, same: bool) -> None:
    assert is_same(one, other) is same


def test_text_is_short() -> None:
    assert text_of(MISSING) == "absent"
    assert text_of("eager") == "'eager'"
    assert text_of(torch.nn.Identity()) == "Identity"
    assert len(text_of(list(range(1000)))) <= 60


def test_a_long_value_is_cut_to_sixty_letters() -> None:
    fits, long = "x" * 58, "x" * 59  # with quotes 60 and 61
    assert text_of(fits) == repr(fits)
    assert text_of(long) == repr(long)[:57] + "..." and len(text_of(long)) == 60


def test_a_write_that_fails_is_not_left_in_the_ledger() -> None:
    class Refuses:
        path = "model.broken"

        def write(self) -> None:
            raise PatchError("cannot be written")

        def restore(self) -> None:
            pass

    model = Model()
    ledger = Ledger("GC999", model)
    ledger.set_attribute(model.layers[0], "scale", 5)
    with pytest.raises(PatchError, match="cannot be written"):
        ledger._write(Refuses(), "absent", "there")
    assert [change.path for change in ledger.changes] == ["model.layers.0.scale"]
