"""Check whether the optimizer will change the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ._answers import does_not_apply, failed, not_run, passed, warned
from .schedule import is_adam, peak_rate, sets_its_rate

if TYPE_CHECKING:
    from ..subject import Subject

_MOVED = 0.25  # of the weights; if fewer change, most updates round to nothing
_STILL = 1e-8  # at this rate Adam moves a weight by a thousandth of its size in 2,000 steps
_BESIDE = 1e-3  # of the largest rate
_LOOKED_AT = 2_000_000  # weights to round for that


def optimizer_holds_the_parameters(subject: Subject) -> CheckResult:
    """Check that the given optimizer holds what is to be trained."""
    optimizer = subject.optimizer
    if optimizer is None:
        if subject.trainer is None:
            return not_run("needs the optimizer")
        return does_not_apply("the Trainer makes the optimizer itself, from the model")
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    trained = {n: p for n, p in subject.model.named_parameters() if p.requires_grad}
    missing = [name for name, p in trained.items() if id(p) not in held]
    own = {id(p) for p in subject.model.parameters()}
    foreign = len(held - own)
    help = "make the optimizer from the model that is trained, after the adapter is added"
    if trained and len(missing) == len(trained):
        whose = "another model's parameters" if foreign else "frozen parameters only"
        return failed(f"the optimizer holds {whose}: nothing is trained", help=help)
    if missing:
        figure = f"{len(missing)} of {len(trained)} trainable parameters are not in the optimizer"
        if any("lora_" in name for name in missing):
            return failed(f"{figure}, {missing[0]} first: they never move", help=help)
        return warned(f"{figure}, {missing[0]} first", help=help)
    if any(group.get("maximize") for group in optimizer.param_groups):
        return failed(
            "the optimizer has maximize=True: every step raises the loss",
            help="leave maximize out where the loss is to fall",
        )
    if still := _of_still(subject, optimizer, trained):
        return still
    idle = _without_rate(optimizer, trained)
    if idle:
        tell = failed if len(idle) == len(trained) else warned
        return tell(
            f"{len(idle)} of {len(trained)} trainable parameters are in a group with a rate of 0, "
            f"{idle[0]} first: they never move",
            help="an lr above 0 for each group, or requires_grad_(False) for what is to rest",
        )
    return passed(f"the optimizer holds all {len(trained)} trainable parameters")


def _of_still(subject: Subject, optimizer: Any, trained: dict[str, Any]) -> CheckResult | None:
    """Warn of groups whose rate is nothing beside the largest, as a decay by layer can make it."""
    if not is_adam(subject):
        return None
    rates = {id(p): _rate(group) for group in optimizer.param_groups for p in group["params"]}
    most = max(rates.values(), default=0.0)
    still = [n for n, p in trained.items() if 0 < rates[id(p)] < min(_STILL, _BESIDE * most)]
    if not still or len(still) == len(trained):
        return None
    return warned(
        f"{len(still)} of {len(trained)} trainable parameters are in groups with rates of "
        f"{rates[id(trained[still[0]])]:.1g} and less, {still[0]} first, and the largest is "
        f"{most:.1g}: they stand still",
        f"at least {_STILL:g}",
        help="a decay of 0.8 to 0.95 from layer to layer, or requires_grad_(False) for what is to "
        "rest",
    )


def _rate(group: dict[str, Any]) -> float:
    """Return the rate that the group's schedule multiplies."""
    if sets_its_rate(group):
        return 1.0
    return float(group.get("initial_lr", group.get("lr", 1.0)))


def _without_rate(optimizer: Any, trained: dict[str, Any]) -> list[str]:
    """Return the names of parameters in groups whose rate starts, and stays, at 0."""
    idle = {
        id(p)
        for group in optimizer.param_groups
        if not sets_its_rate(group) and not group.get("initial_lr", group.get("lr", 1.0))
        for p in group["params"]
    }
    return [name for name, p in trained.items() if id(p) in idle]


def update_survives_rounding(subject: Subject) -> CheckResult:
    """Check that a step of the learning rate changes most weights in their own dtype."""
    import torch

    peak = peak_rate(subject)
    half = [
        p
        for p in subject.model.parameters()
        if p.requires_grad and p.dtype in (torch.bfloat16, torch.float16)
    ]
    if not half:
        return does_not_apply("no weight that is trained is kept in half precision")
    if subject.args is None or not is_adam(subject):
        return not_run("the size of an update is known for Adam only")
    if not peak:
        return not_run("the learning rate is 0, or the optimizer finds it itself")
    if _keeps_masters(subject):
        return does_not_apply("the optimizer keeps float32 copies of the weights")
    if float16 := sum(p.dtype is torch.float16 for p in half):
        return _of_float16(subject, float16)
    total = moved = 0
    for parameter in half:
        part = parameter.detach().flatten()[: max(1_000, _LOOKED_AT // len(half))]
        direction = torch.where(part == 0, torch.ones_like(part), part.sign()).float()
        after = (part.float() - peak * direction).to(part.dtype)
        moved += int((after != part).sum())
        total += part.numel()
    share, dtype = moved / total, str(half[0].dtype).removeprefix("torch.")
    figure = f"a step of {peak:.3g} changes {share:.1%} of the weights kept in {dtype}"
    if share >= _MOVED:
        return passed(figure, f"at least {_MOVED:.0%}")
    return warned(
        f"{figure}; the others round back to what they were",
        f"at least {_MOVED:.0%}",
        help="load with dtype=torch.float32 and train with bf16=True, or train an adapter",
    )


def _of_float16(subject: Subject, number: int) -> CheckResult:
    """Judge weights that are trained in float16: no step of Adam is right in it."""
    help = "dtype=torch.float32 for what is trained; with fp16=True the passes are float16 anyway"
    scaler = getattr(getattr(subject.trainer, "accelerator", None), "scaler", None)
    if scaler is not None and scaler.is_enabled():
        return failed(
            f"{number} weights are trained in float16 under fp16=True: the gradient scaler raises "
            "'Attempting to unscale FP16 gradients'",
            help=help,
        )
    return warned(
        f"{number} weights are trained in float16: Adam's state of a gradient below 0.0002 is 0 "
        "there, and nothing scales the loss",
        help=help,
    )


def _keeps_masters(subject: Subject) -> bool:
    stated = subject.value("optim", "")
    name = str(getattr(stated, "value", stated)).lower()
    shared = any(subject.value(key) for key in ("fsdp", "deepspeed"))
    return shared or any(
        word in name for word in ("stochastic", "kahan", "anyprecision", "4bit_ao")
    )
