"""Check whether the Trainer's callbacks can be called, and whether a resumed run is resumed."""

from __future__ import annotations

import copy
import inspect
from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ..shadow import CALLBACKS
from ._answers import NO_TRAINER, failed, first_line, not_run, passed, warned

if TYPE_CHECKING:
    from ..subject import Subject

_POSITIONAL = 3  # args, state and control; the rest comes by name
# Events that a run meets only with these settings; all others always come.
_WHERE = {"on_save": "save_strategy", "on_evaluate": "eval_strategy"}
_NEVER = ("on_predict", "on_push_begin", "on_init_end")


def callbacks_can_be_called(subject: Subject) -> CheckResult:
    """Check that each callback takes what the Trainer passes to it, without calling one."""
    if subject.trainer is None:
        return not_run(NO_TRAINER)
    callbacks = subject.kept.get(CALLBACKS, [])
    for callback in callbacks:
        if event := _refused(subject, callback):
            name = type(callback).__name__
            return failed(
                f"{name}.{event} takes no keyword arguments: the run ends with a TypeError at its "
                f"first {event}",
                help=f"def {event}(self, args, state, control, **kwargs) in {name}",
            )
        if why := _of_stopping(subject, callback):
            return failed(
                f"{type(callback).__name__} stops the run before its first step: {why}",
                help="metric_for_best_model='eval_loss', eval_strategy='steps' and "
                "load_best_model_at_end=True",
            )
    return _of_resuming(subject) or passed(f"{len(callbacks)} callbacks take what they are given")


def _refused(subject: Subject, callback: Any) -> str:
    """Return the first event whose method does not take the model by name; empty if all do."""
    for event in (name for name in dir(type(callback)) if name.startswith("on_")):
        if event in _NEVER or not _comes(subject, event):
            continue
        try:
            parameters = inspect.signature(getattr(callback, event)).parameters.values()
        except (TypeError, ValueError):  # written in C, or replaced by something without one
            continue
        takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
        if not takes_all and not any(p.name == "model" for p in list(parameters)[_POSITIONAL:]):
            return event
    return ""


def _comes(subject: Subject, event: str) -> bool:
    """Return whether this run meets the event."""
    strategy = subject.value(_WHERE[event], "no") if event in _WHERE else "yes"
    return str(getattr(strategy, "value", strategy)) != "no"


def _of_stopping(subject: Subject, callback: Any) -> str:
    """Return what transformers' own early stopping demands and does not get; empty if nothing."""
    kind = type(callback)
    if kind.__name__ != "EarlyStoppingCallback" or kind.__module__.split(".")[0] != "transformers":
        return ""
    state, control = subject.trainer.state, subject.trainer.control
    try:
        copy.copy(callback).on_train_begin(subject.args, copy.copy(state), copy.copy(control))
    except AssertionError as error:
        return first_line(error)
    return ""


def _of_resuming(subject: Subject) -> CheckResult | None:
    """Warn of a run that has begun at step 0 although its arguments name a checkpoint.

    ``Trainer.train`` reads its own argument of this name only, which the script passes later.
    """
    stated, trainer = subject.value("resume_from_checkpoint"), subject.trainer
    step = getattr(getattr(trainer, "state", None), "global_step", 0)
    if not stated or step or not getattr(trainer, "is_in_train", False):
        return None
    return warned(
        "resume_from_checkpoint of the arguments is not read by trainer.train(): the run begins at "
        "step 0, with the weights that the model has",
        help="trainer.train(resume_from_checkpoint=args.resume_from_checkpoint)",
    )
