"""Judge where a run's learning rate comes from, and a schedule that climbs back to its peak."""

from __future__ import annotations

import dataclasses
import inspect
from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ._answers import failed, warned

if TYPE_CHECKING:
    from ..subject import Subject

_FAR = 2.0  # times; nearer rates may be meant
_LOW, _HIGH = 0.1, 0.5  # of the peak; a climb goes from below the one past the other


def inner(wrapped: Any, name: str) -> Any:
    """Return the optimizer or scheduler inside accelerate's wrapper."""
    return getattr(wrapped, name, wrapped)


def of_two_optimizers(subject: Subject) -> CheckResult | None:
    """Judge a scheduler that moves the rate of an optimizer which makes no step."""
    scheduler = inner(subject.scheduler, "scheduler")
    moved = inner(getattr(scheduler, "optimizer", None), "optimizer")
    own = inner(subject.optimizer, "optimizer")
    if not hasattr(moved, "param_groups") or not hasattr(own, "param_groups") or moved is own:
        return None
    if any(one is other for one, other in zip(moved.param_groups, own.param_groups, strict=False)):
        return None  # a wrapper that shares its groups
    rate = max(float(group.get("lr") or 0.0) for group in own.param_groups)
    return failed(
        f"the scheduler moves the rate of another optimizer: the run's stays at {rate:g} from the "
        "first step to the last, whatever is logged",
        help="make the scheduler from the optimizer that is passed beside it",
    )


def of_unused_rate(subject: Subject) -> CheckResult | None:
    """Warn of a rate in the arguments beside an optimizer that was made without one."""
    if subject.optimizer is None or subject.args is None:
        return None
    stated, usual = subject.value("learning_rate"), _default(subject.args, "learning_rate")
    optimizer = inner(subject.optimizer, "optimizer")
    try:
        own = inspect.signature(type(optimizer).__init__).parameters["lr"].default
    except (KeyError, TypeError, ValueError):
        return None
    rates = {float(g.get("initial_lr", g["lr"]) or 0.0) for g in optimizer.param_groups}
    if not isinstance(stated, (int, float)) or not isinstance(own, float) or stated == usual:
        return None
    if rates != {own} or 1 / _FAR <= own / max(stated, 1e-30) <= _FAR:
        return None
    return warned(
        f"learning_rate={stated:g} of the arguments is not used: the optimizer was passed in, and "
        f"has {type(optimizer).__name__}'s own rate of {own:g}",
        help=f"lr={stated:g} where the optimizer is made",
    )


def _default(args: Any, name: str) -> Any:
    fields = dataclasses.fields(args) if dataclasses.is_dataclass(args) else ()
    return next((field.default for field in fields if field.name == name), None)


def of_climbing(subject: Subject, rates: list[float]) -> CheckResult | None:
    """Warn of a rate that falls and climbs back, step by step, as a cosine past its half does.

    A restart is made in one step, so it is not meant.
    """
    peak = max(rates, default=0.0)
    climbs, low, at = 0, False, 0
    begun = next((i for i, rate in enumerate(rates) if rate >= _HIGH * peak), len(rates))
    for at in range(begun, len(rates)):
        if rates[at] < _LOW * peak:
            low, steps = True, 0
        elif low:
            steps += 1
            if rates[at] > _HIGH * peak:
                climbs, low = climbs + (steps > 1), False
    cycles = (subject.value("lr_scheduler_kwargs") or {}).get("num_cycles", 0.5)
    kind = str(getattr(subject.value("lr_scheduler_type"), "value", ""))
    if subject.scheduler is None and kind == "cosine" and cycles >= 1:
        return warned(
            f"a cosine with num_cycles={cycles:g} falls to 0 and climbs back to the peak "
            f"{cycles:g} times; the usual 0.5 falls once",
            help="leave num_cycles out, or lr_scheduler_type='cosine_with_restarts'",
        )
    if not climbs:
        return None
    return warned(
        f"the learning rate falls and climbs back {climbs} times in {len(rates)} steps looked at",
        help="a scheduler made for the steps of the whole run: T_max counts steps, not epochs",
    )
