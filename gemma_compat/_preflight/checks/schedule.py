"""Check whether the learning rate moves the weights, over the whole run."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ._answers import NO_ARGUMENTS, does_not_apply, failed, first_line, not_run, passed, warned
from .rates import of_climbing, of_two_optimizers, of_unused_rate

if TYPE_CHECKING:
    from ..subject import Subject

_ABSURD = 1.0
# Above, and below, every published recipe: for Adam on all weights, for Adam on an adapter (which
# starts from zero and so needs more), and for SGD.
_RECIPES = {"all": (1e-8, 2e-3), "adapter": (1e-7, 1e-2), "SGD": (1e-5, 1.0)}
_ADAPTER_TEXT = 1e-6  # least rate for an adapter on text; preferences are trained with less
_IDLE = 0.5  # share of the run in which the rate may be next to 0
_NEXT_TO_0 = 1e-3  # of the peak
_POINTS = 200  # points of a schedule by formula to look at
_STEPS = 20_000  # steps of any other schedule to make
_FACTOR = 0.01  # of the optimizer's rate; no recipe stays below it in a whole run
_BY_LOSS = "its rate depends on more than the step"
_HELP = "learning_rate=2e-4 for LoRA, 1e-5 to 5e-5 for all weights"


def schedule_moves(subject: Subject) -> CheckResult:
    """Check that the learning rate is that of some recipe, and stays above 0 in most of the run."""
    if subject.args is None and subject.optimizer is None:
        return not_run(NO_ARGUMENTS)
    if any(sets_its_rate(group) for group in getattr(subject.optimizer, "param_groups", [])):
        return does_not_apply("the optimizer finds its rate itself; its lr is a factor")
    if found := of_two_optimizers(subject) or of_unused_rate(subject):
        return found
    steps, base = total_steps(subject), _base(subject)
    if steps == 0:
        return failed("the run makes no step", help="num_train_epochs above 0, or more rows")
    try:
        rates = _rates(subject)
    except ValueError as error:  # a scheduler that was made for fewer steps, such as OneCycleLR
        return failed(
            f"the scheduler ends before the run's {steps} steps: {error}",
            help=f"make the scheduler for {steps} steps",
        )
    if isinstance(rates, str):
        return not_run(f"the schedule of this run cannot be made beforehand: {rates}")
    peak = max(rates, default=0.0)
    found = (
        _of_nothing(subject, peak, base, steps)
        or _of_factor(subject, peak, base)
        or _of_size(subject, peak)
        or _of_idle(rates, peak, steps)
        or of_climbing(subject, rates)
    )
    if found is not None:
        return found
    over = f" in {steps} steps" if steps else ""
    return passed(f"the learning rate comes to {peak:.3g}{over}")


def sets_its_rate(group: Mapping[str, Any]) -> bool:
    """Return whether the optimizer of this group finds its learning rate itself: Adafactor with
    ``relative_step``; Prodigy and D-Adaptation, whose ``lr`` is a factor of their estimate ``d``.
    """
    return bool(group.get("relative_step")) or group.get("lr", 0.0) is None or "d" in group


def peak_rate(subject: Subject) -> float:
    """Return the largest learning rate of the run; 0 where it cannot be told."""
    if any(sets_its_rate(group) for group in getattr(subject.optimizer, "param_groups", [])):
        return 0.0
    try:
        rates = _rates(subject)
    except ValueError:  # the check above reports it
        return _base(subject)
    return _base(subject) if isinstance(rates, str) else max(rates, default=0.0)


def _of_nothing(
    subject: Subject, peak: float, base: float, steps: int | None
) -> CheckResult | None:
    if base < 0:
        return failed(f"learning_rate is {base:g}: every step raises the loss", help=_HELP)
    if base == 0:
        return failed("learning_rate is 0: nothing is trained", help=_HELP)
    warmup = _warmup(subject, steps)
    if peak <= 0 or (steps and steps > 1 and warmup >= steps):
        why = f": {warmup} warm-up steps of {steps} in all" if steps and warmup >= steps else ""
        tell = failed if peak <= 0 else warned
        return tell(
            f"the learning rate comes to {peak:.3g} of {base:.3g} in the whole run{why}",
            help="fewer warmup_steps, or a scheduler made for this number of steps",
        )
    return None


def _of_factor(subject: Subject, peak: float, base: float) -> CheckResult | None:
    """Judge a given scheduler that stays far below the optimizer's rate in the whole run."""
    if subject.scheduler is None or peak >= _FACTOR * base:
        return None
    if base < _FACTOR and abs(peak / base - base) <= 0.1 * base:
        return warned(
            f"the learning rate comes to {peak:.3g} of {base:.3g} in the whole run: the "
            "scheduler's function returns the rate itself, and it is multiplied by the rate once "
            "more",
            help="a function that returns a factor between 0 and 1",
        )
    return warned(
        f"the learning rate comes to {peak:.3g} of {base:.3g} in the whole run: the scheduler "
        f"multiplies it by {peak / base:.2g} at most",
        help="a scheduler's function returns a factor between 0 and 1, and not a rate; warm-up "
        "steps that fit into the run",
    )


def _of_size(subject: Subject, peak: float) -> CheckResult | None:
    """Compare the peak with what recipes use for this optimizer and these parameters."""
    if peak >= _ABSURD:
        return failed(f"the learning rate comes to {peak:g}", help=_HELP)
    kind = _kind(subject)
    if kind is None:
        return None
    least, most = _RECIPES[kind]
    if kind == "adapter" and subject.is_causal:
        least = _ADAPTER_TEXT
    what = {"all": "Adam on all weights", "adapter": "Adam on an adapter", "SGD": "SGD"}[kind]
    figure = f"the learning rate comes to {peak:.3g}; recipes for {what}"
    if peak > most:
        return warned(f"{figure} stay below {most:g}", help=_HELP)
    if peak < least:
        return warned(f"{figure} stay above {least:g}: next to nothing is learned", help=_HELP)
    return None


def _kind(subject: Subject) -> str | None:
    """Return the key of :data:`_RECIPES` for this run; ``None`` if recipes say nothing of it."""
    if not is_adam(subject):
        return "SGD" if optimizer_name(subject) == "sgd" else None
    sizes = {name: p.numel() for name, p in subject.model.named_parameters()}
    trained = [name for name, p in subject.model.named_parameters() if p.requires_grad]
    if any("lora_" in name for name in trained):
        return "adapter"
    share = sum(sizes[name] for name in trained) / max(1, sum(sizes.values()))
    return "all" if share > 0.5 else None  # prompts, new heads and the like take larger rates


def _of_idle(rates: list[float], peak: float, steps: int | None) -> CheckResult | None:
    """Warn if the rate is next to 0 in most of the run, as after a schedule for fewer steps."""
    moving = [at for at, rate in enumerate(rates) if rate > _NEXT_TO_0 * peak]
    if not steps or len(rates) < 4 or len(moving) >= (1 - _IDLE) * len(rates):
        return None
    last = (moving[-1] + 1) * steps // len(rates)
    return warned(
        f"the learning rate is 0 after {last} of {steps} steps: the rest of the run learns nothing",
        help=f"make the scheduler for {steps} steps",
    )


def is_adam(subject: Subject) -> bool:
    """Return whether the optimizer is of Adam's kind, whose steps have the size of the rate."""
    return "adam" in optimizer_name(subject)


def optimizer_name(subject: Subject) -> str:
    """Return the optimizer's name in small letters: its class, else the arguments' ``optim``."""
    if subject.optimizer is not None:
        return type(getattr(subject.optimizer, "optimizer", subject.optimizer)).__name__.lower()
    stated = subject.value("optim", "adamw")
    return str(getattr(stated, "value", stated)).lower()


def _groups(subject: Subject) -> list[dict[str, Any]]:
    """Return the optimizer's groups that hold a parameter of the model which is trained."""
    trained = {id(p) for p in subject.model.parameters() if p.requires_grad}
    groups = list(getattr(subject.optimizer, "param_groups", []))
    own = [group for group in groups if any(id(p) in trained for p in group["params"])]
    return own or groups


def _base(subject: Subject) -> float:
    """Return the learning rate that the schedule multiplies."""
    groups = _groups(subject)
    if groups:
        return max(float(group.get("initial_lr", group["lr"])) for group in groups)
    return float(subject.value("learning_rate", 5e-5))


def _rates(subject: Subject) -> list[float] | str:
    """Return the learning rate at points over the whole run, or why it cannot be told.

    Raises:
        ValueError: a given scheduler refuses to make that many steps.
    """
    base, steps = _base(subject), total_steps(subject)
    if subject.scheduler is not None:
        return _of_scheduler(subject, steps)
    if subject.args is None or subject.value("lr_scheduler_type") is None or not steps:
        return [base]
    try:
        from transformers.optimization import get_scheduler

        scheduler = get_scheduler(
            subject.value("lr_scheduler_type"),
            optimizer=_stand_in([{"lr": base}]),
            num_warmup_steps=_warmup(subject, steps),
            num_training_steps=steps,
            scheduler_specific_kwargs=dict(subject.value("lr_scheduler_kwargs") or {}),
        )
    except (TypeError, ValueError) as error:  # an argument is missing, or the name is unknown
        return first_line(error)
    factors = getattr(scheduler, "lr_lambdas", None)
    return [base * factors[0](at) for at in _points(steps)] if factors else _BY_LOSS


def _of_scheduler(subject: Subject, steps: int | None) -> list[float] | str:
    """Return the rates of a given scheduler: by its factors, else by making its steps."""
    inner = getattr(subject.scheduler, "scheduler", subject.scheduler)
    groups = list(getattr(subject.optimizer, "param_groups", []))
    own = [groups.index(group) for group in _groups(subject)]
    factors, bases = getattr(inner, "lr_lambdas", None), getattr(inner, "base_lrs", None)
    if factors and bases and steps:
        return [max(bases[g] * factors[g](at) for g in own) for at in _points(steps)]
    if steps and steps <= _STEPS and groups and hasattr(inner, "base_lrs"):
        return _stepped(inner, groups, own, steps)
    last: list[Any] = getattr(inner, "get_last_lr", list)()
    return [float(rate) for rate in last if rate] or _BY_LOSS


def _stepped(scheduler: Any, groups: list[Any], own: list[int], steps: int) -> list[float]:
    """Make the steps of a copy of the scheduler, on a stand-in for its optimizer."""
    options = [{k: v for k, v in group.items() if k != "params"} for group in groups]
    optimizer = _stand_in(copy.deepcopy(options))
    alone = copy.deepcopy(scheduler, {id(scheduler.optimizer): optimizer})
    rates = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the optimizer made no step
        for at in range(steps):
            rates.append(max(float(optimizer.param_groups[g]["lr"]) for g in own))
            if at + 1 < steps:
                alone.step()
    return rates


def _stand_in(groups: list[dict[str, Any]]) -> Any:
    """Return an optimizer with these groups, each of one small weight."""
    import torch

    weights = [torch.nn.Parameter(torch.zeros(1)) for _ in groups]
    return torch.optim.SGD(
        [{**group, "params": [weight]} for group, weight in zip(groups, weights, strict=True)]
    )


def _points(steps: int) -> list[int]:
    return list(range(0, steps, max(1, steps // _POINTS)))


def total_steps(subject: Subject) -> int | None:
    """Return the optimizer steps of the whole run; ``None`` if the data has no length."""
    fixed = int(subject.value("max_steps", -1))
    if fixed > 0:
        return fixed
    batches = batches_of_an_epoch(subject)
    if batches is None:
        return None
    each = max(min(1, batches), batches // int(subject.value("gradient_accumulation_steps", 1)))
    return int(each * float(subject.value("num_train_epochs", 3)))


def batches_of_an_epoch(subject: Subject) -> int | None:
    """Return how many batches of this rank an epoch has; ``None`` if the data has no length."""
    data = getattr(subject.trainer, "train_dataset", None)
    if not hasattr(data, "__len__") or subject.args is None:
        return None
    rows = int(subject.value("per_device_train_batch_size", 8)) * max(
        1, int(getattr(subject.args, "n_gpu", 1) or 1)
    )
    ranks = int(getattr(subject.args, "world_size", 1) or 1)
    batches, rest = divmod(len(data), rows * ranks)  # type: ignore[arg-type]
    return batches if subject.value("dataloader_drop_last") else batches + bool(rest)


def _warmup(subject: Subject, steps: int | None) -> int:
    """Return the warm-up steps, given as a number or as a share (one field in transformers 5)."""
    given = float(subject.value("warmup_steps", 0) or 0)
    if given >= 1:
        return int(given)
    share = given or float(subject.value("warmup_ratio", 0) or 0)
    return int(-(-(steps or 0) * share // 1))
