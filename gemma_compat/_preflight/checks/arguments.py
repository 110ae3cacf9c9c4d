"""Check whether the training arguments beside the learning rate leave anything to learn."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ._answers import NO_ARGUMENTS, failed, not_run, passed, warned
from .schedule import batches_of_an_epoch, is_adam, optimizer_name, peak_rate

if TYPE_CHECKING:
    from ..subject import Subject

_CLIP = 1e-6  # below this gradient norm, Adam's epsilon outweighs the gradient
_DECAY = 1.0
_EPSILON = 1e-3  # most gradients are smaller, and shrink to nothing beside it
_SGD = 1e-3  # times gradients that are clipped to a norm of 1
_BETA2 = 0.8  # every recipe is above; the second moment would forget within a few steps
_SMOOTHING = 0.5
_MANY_PASSES, _MANY_STEPS = 300, 2000  # over the rows; fewer may be meant to overfit
_NOISE = 100.0  # of NEFTune; its authors tried 5, 10 and 15


def arguments_make_sense(subject: Subject) -> CheckResult:
    """Check clipping, decay, Adam's betas and epsilon, smoothing, noise, accumulation."""
    if subject.args is None and subject.optimizer is None:
        return not_run(NO_ARGUMENTS)
    if typed := _of_text(subject):
        return typed
    found = (
        _of_clipping(subject)
        or _of_decay(subject)
        or _of_adam(subject)
        or _of_plain_descent(subject)
        or _of_smoothing(subject)
        or _of_noise(subject)
        or _of_accumulation(subject)
        or _of_length(subject)
    )
    return found or passed("clipping, decay and the optimizer's settings are as in recipes")


def _of_text(subject: Subject) -> CheckResult | None:
    """Judge a number that came as text, as YAML reads 2e-4 without a point."""
    fields = dataclasses.fields(subject.args) if dataclasses.is_dataclass(subject.args) else ()
    for one in fields:
        given = subject.value(one.name)
        if type(one.default) in (int, float) and isinstance(given, str) and _is_number(given):
            return failed(
                f"{one.name} is the text {given!r}, and not a number: the run ends with a "
                "TypeError before its first step",
                help=f"{one.name}=float({given!r}); YAML reads 2e-4 as text, 2.0e-4 as a number",
            )
    return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _of_clipping(subject: Subject) -> CheckResult | None:
    clip = subject.value("max_grad_norm", 1.0)
    if isinstance(clip, (int, float)) and 0 < clip < _CLIP:
        return failed(
            f"max_grad_norm={clip:g} clips every gradient to nothing", help="max_grad_norm=1.0"
        )
    return None


def _of_decay(subject: Subject) -> CheckResult | None:
    decays = [
        float(subject.value("weight_decay", 0.0) or 0.0),
        *_of_groups(subject, "weight_decay"),
    ]
    worst = max(decays, key=abs)
    if worst < 0:
        return warned(
            f"weight_decay={worst:g} makes every weight grow", help="weight_decay between 0 and 0.1"
        )
    if worst > _DECAY:
        shrunk = min(1.0, worst * peak_rate(subject))
        return warned(
            f"weight_decay={worst:g} shrinks the weights by {shrunk:.2%} in every step",
            help="weight_decay between 0 and 0.1",
        )
    return None


def _of_adam(subject: Subject) -> CheckResult | None:
    if not is_adam(subject):
        return None
    epsilon = max(_of_groups(subject, "eps") or [float(subject.value("adam_epsilon", 1e-8))])
    if epsilon > _EPSILON:
        return warned(
            f"Adam's epsilon is {epsilon:g}, larger than most gradients: its steps shrink to "
            "nothing",
            help="adam_epsilon=1e-8",
        )
    for first, second in _betas(subject):
        if second < _BETA2 or first > second:
            return warned(
                f"Adam's betas are {first:g} and {second:g}; recipes have 0.9 and 0.95 to 0.999, "
                "in this order",
                help="adam_beta1=0.9, adam_beta2=0.999",
            )
    return None


def _of_plain_descent(subject: Subject) -> CheckResult | None:
    """Judge SGD without momentum at a rate for Adam, whose steps do not shrink with gradients."""
    if optimizer_name(subject) != "sgd" or any(_of_groups(subject, "momentum")):
        return None
    rate = peak_rate(subject)
    if not 0 < rate < _SGD:
        return None
    return warned(
        f"SGD at a rate of {rate:g} hardly moves a weight: that is a rate for Adam, which divides "
        "each gradient by its size",
        help='optim="adamw_torch", or a learning_rate of 0.1 to 1 for SGD',
    )


def _betas(subject: Subject) -> list[tuple[float, float]]:
    groups = getattr(subject.optimizer, "param_groups", [])
    pairs = [group["betas"] for group in groups if len(group.get("betas") or ()) == 2]
    if pairs:
        return [(float(first), float(second)) for first, second in pairs]
    stated = (subject.value("adam_beta1", 0.9), subject.value("adam_beta2", 0.999))
    return [(float(stated[0]), float(stated[1]))]


def _of_groups(subject: Subject, name: str) -> list[float]:
    groups = getattr(subject.optimizer, "param_groups", [])
    return [float(group[name]) for group in groups if isinstance(group.get(name), (int, float))]


def _of_smoothing(subject: Subject) -> CheckResult | None:
    smoothing: Any = subject.value("label_smoothing_factor", 0.0)
    if isinstance(smoothing, (int, float)) and smoothing >= _SMOOTHING:
        return warned(
            f"label_smoothing_factor={smoothing:g} gives the right token less weight than all "
            "others together",
            help="label_smoothing_factor between 0 and 0.1",
        )
    return None


def _of_noise(subject: Subject) -> CheckResult | None:
    noise: Any = subject.value("neftune_noise_alpha", 0.0)
    if isinstance(noise, (int, float)) and noise > _NOISE:
        return warned(
            f"neftune_noise_alpha={noise:g} drowns the embeddings in noise",
            help="neftune_noise_alpha between 5 and 15",
        )
    return None


def _of_accumulation(subject: Subject) -> CheckResult | None:
    steps = int(subject.value("gradient_accumulation_steps", 1))
    batches = batches_of_an_epoch(subject)
    if int(subject.value("max_steps", -1)) > 0 or not batches or steps <= batches or steps == 1:
        return None
    return warned(
        f"the run accumulates {steps} batches for a step, and an epoch has {batches}: one step an "
        "epoch",
        help="a smaller gradient_accumulation_steps",
    )


def _of_length(subject: Subject) -> CheckResult | None:
    """Warn of max_steps that go over the rows hundreds of times."""
    steps, batches = int(subject.value("max_steps", -1)), batches_of_an_epoch(subject)
    passes = steps * int(subject.value("gradient_accumulation_steps", 1)) / max(1, batches or 0)
    if not batches or steps < _MANY_STEPS or passes < _MANY_PASSES:
        return None
    return warned(
        f"max_steps={steps} goes over the {len(subject.trainer.train_dataset)} rows {passes:.0f} "
        "times: they are learned by heart long before",
        help="num_train_epochs=3 in place of max_steps, or the whole data set",
    )
