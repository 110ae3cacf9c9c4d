"""Putting wrappers on a class and taking them off, among others that do the same.

A class of our own stands where ``Trainer`` does: what is tested is the wrapping.
"""

from __future__ import annotations

import functools
import inspect
import logging
import textwrap
from types import ModuleType

import pytest

from gemma_compat.hooks._trainer import TrainerHook

METHODS = ("__init__", "call_model_init", "train", "evaluate", "predict")


class Recording(TrainerHook):
    """Notes what would be patched."""

    def __init__(self):
        super().__init__({})
        self.ensured = []
        self.told = []  # what else each call was given: the tokenizer, and whether it comes late

    def ensure(self, model, args, tokenizer=None, *, has_trainer=False):
        self.ensured.append((model, args))
        self.told.append((tokenizer, has_trainer))


@pytest.fixture
def module():
    made = ModuleType("made_trainer")

    class Trainer:
        """A trainer."""

        def __init__(self, model=None, args=None, data=None):
            self.model, self.args, self.data = model, args, data
            if model is None:
                self.model = self.call_model_init()

        def call_model_init(self, trial=None):
            return "made"

        def train(self, resume=None):
            """Train it."""
            return f"trained {self.model}"

        def evaluate(self):
            return "evaluated"

        def predict(self):
            return "predicted"

    made.Trainer = Trainer
    made.before = dict(vars(Trainer))
    return made


@pytest.fixture
def hook(module):
    made = Recording()
    made.wrap_trainer_of(module)
    return made


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [(("m", "a"), {}), (("m",), {"args": "a"}), ((), {"args": "a", "model": "m"})],
)
def test_the_model_is_found_by_position_and_by_name(hook, module, args, kwargs):
    module.Trainer(*args, **kwargs)
    assert hook.ensured == [("m", "a")]


def test_arguments_may_be_missing(hook, module):
    module.Trainer("m")
    assert hook.ensured == [("m", None)]


def test_a_model_made_on_the_way_is_seen(hook, module):
    module.Trainer(args="a")
    assert ("made", "a") in hook.ensured


@pytest.mark.parametrize("name", ["train", "evaluate", "predict"])
def test_the_model_is_seen_again_before_each_run(hook, module, name):
    trainer = module.Trainer("m", "a")
    trainer.model = "another"
    assert getattr(trainer, name)() == module.before[name](trainer)
    assert hook.ensured[-1] == ("another", "a")


def test_a_subclass_with_a_signature_of_its_own_is_seen(hook, module):
    class Mine(module.Trainer):
        def __init__(self, name, *, rate):
            super().__init__(model=f"{name} at {rate}", args="a")

    Mine("m", rate=2)
    assert hook.ensured == [("m at 2", "a")]


def test_names_and_signatures_stay(hook, module):
    for name in METHODS:
        ours, theirs = getattr(module.Trainer, name), module.before[name]
        assert ours is not theirs
        assert inspect.signature(ours) == inspect.signature(theirs)
        assert (ours.__name__, ours.__qualname__, ours.__doc__, ours.__module__) == (
            theirs.__name__,
            theirs.__qualname__,
            theirs.__doc__,
            theirs.__module__,
        )


def test_only_init_can_be_unwrapped(hook, module):
    unwrapped = [name for name in METHODS if hasattr(getattr(module.Trainer, name), "__wrapped__")]
    assert unwrapped == ["__init__"]


def test_wrapping_twice_changes_nothing(hook, module):
    once = dict(vars(module.Trainer))
    hook.wrap_trainer_of(module)
    assert dict(vars(module.Trainer)) == once


def test_removing_gives_the_class_back(hook, module):
    assert hook.remove() == ()
    for name in METHODS:
        assert vars(module.Trainer)[name] is module.before[name]


def test_an_inherited_method_is_inherited_again(module):
    class Trainer(module.Trainer):
        pass

    module.Trainer = Trainer
    hook = Recording()
    hook.wrap_trainer_of(module)
    assert "train" in vars(Trainer)
    hook.remove()
    assert "train" not in vars(Trainer)


def test_a_wrapper_put_on_before_ours_survives(module):
    calls = []
    theirs = _wrap_train(module.Trainer, calls)
    hook = Recording()
    hook.wrap_trainer_of(module)
    assert module.Trainer("m").train() == "trained m"
    assert (len(calls), len(hook.ensured)) == (1, 2)
    assert hook.remove() == ()
    assert vars(module.Trainer)["train"] is theirs


def test_a_wrapper_put_over_ours_survives_and_ours_then_passes_through(hook, module, caplog):
    calls = []
    theirs = _wrap_train(module.Trainer, calls)
    assert module.Trainer("m").train() == "trained m"
    assert (len(calls), len(hook.ensured)) == (1, 2)
    with caplog.at_level(logging.WARNING, logger="gemma_compat"):
        (told,) = hook.remove()
    assert "Trainer.train is now" in told and told in caplog.text
    assert vars(module.Trainer)["train"] is theirs
    assert module.Trainer("m").train() == "trained m"
    assert (len(calls), len(hook.ensured)) == (2, 2)


def test_it_can_be_put_on_again_over_the_one_who_wrapped_over_it(hook, module):
    calls = []
    _wrap_train(module.Trainer, calls)
    hook.remove()
    again = Recording()
    again.wrap_trainer_of(module)
    assert module.Trainer("m").train() == "trained m"
    assert (len(calls), len(again.ensured), hook.ensured) == (1, 2, [])


def test_a_copy_of_init_made_from_its_source_works_and_the_runs_are_still_seen(hook, module):
    """What Unsloth did with ``Trainer.__init__`` from November 2025 to April 2026."""
    source = textwrap.dedent(inspect.getsource(module.Trainer.__init__))
    names = {}
    exec(source.replace("def __init__", "def rebuilt", 1), names)  # noqa: S102
    module.Trainer.__init__ = names["rebuilt"]
    trainer = module.Trainer("m", "a", data=3)
    assert (trainer.model, trainer.data, hook.ensured) == ("m", 3, [])
    trainer.evaluate()
    assert hook.ensured == [("m", "a")]


def test_a_removed_hook_wraps_nothing_any_more(module):
    hook = Recording()
    hook.remove()
    hook.wrap_trainer_of(module)
    assert vars(module.Trainer)["train"] is module.before["train"]


def test_a_module_without_a_trainer_is_named(caplog):
    with caplog.at_level(logging.WARNING, logger="gemma_compat"):
        Recording().wrap_trainer_of(ModuleType("made_trainer"))
    assert "made_trainer has no Trainer" in caplog.text


def _wrap_train(trainer, calls):
    """As others do it: ``functools.wraps``, which copies all that our function carries."""
    before = vars(trainer)["train"]

    @functools.wraps(before)
    def train(self, *args, **kwargs):
        calls.append(self)
        return before(self, *args, **kwargs)

    trainer.train = train
    return train
