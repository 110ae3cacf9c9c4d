"""Check whether the optimizer will change the weights, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ._answers import failed, not_run, passed, warned

if TYPE_CHECKING:
    from ..subject import Subject

_LARGE = 1e-2  # a peak learning rate above every recipe for Adam, except prompt tuning
_ABSURD = 1.0
_CLIP = 1e-6  # below this gradient norm, Adam's epsilon outweighs the gradient
_DECAY = 1.0
_MOVED = 0.25  # of the weights; if fewer change, most updates round to nothing
_LOOKED_AT = 2_000_000  # weights to round for that
_POINTS = 200  # points of the schedule to look at


def optimizer_holds_the_parameters(subject: Subject) -> CheckResult:
    """Check that the given optimizer holds what is to be trained."""
    optimizer = subject.optimizer
    if optimizer is None:
        return not_run("the Trainer makes the optimizer itself, from the model")
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
    return passed(f"the optimizer holds all {len(trained)} trainable parameters")


def schedule_moves(subject: Subject) -> CheckResult:
    """Check that the learning rate is above 0 and below every recipe's limit within the run."""
    if subject.args is None and subject.optimizer is None:
        return not_run("needs the training arguments")
    rates = _rates(subject)
    if rates is None:
        return not_run("the schedule of this run cannot be made beforehand")
    peak, steps, base = max(rates, default=0.0), _total_steps(subject), _base(subject)
    if steps == 0:
        return failed("the run makes no step", help="num_train_epochs above 0, or more rows")
    found = _of_rate(subject, peak, base, steps)
    if found is not None:
        return found
    found = _of_clip_and_decay(subject, peak)
    if found is not None:
        return found
    over = f" in {steps} steps" if steps else ""
    return passed(f"the learning rate comes to {peak:.3g}{over}")


def _of_rate(subject: Subject, peak: float, base: float, steps: int | None) -> CheckResult | None:
    if base <= 0:
        return failed("learning_rate is 0: nothing is trained", help="learning_rate=2e-4 for LoRA")
    warmup = _warmup(subject, steps)
    if peak <= 0 or (steps and warmup >= steps and peak < base / 2):
        why = f": {warmup} warm-up steps of {steps} in all" if steps and warmup >= steps else ""
        tell = failed if peak <= 0 else warned
        return tell(
            f"the learning rate comes to {peak:.3g} of {base:.3g} in the whole run{why}",
            help="fewer warmup_steps, or a scheduler made for this number of steps",
        )
    if peak >= _ABSURD:
        return failed(f"the learning rate comes to {peak:g}", help="learning_rate=2e-4 for LoRA")
    if peak > _LARGE and _is_adam(subject) and not _tunes_prompts(subject):
        return warned(
            f"the learning rate comes to {peak:g}; recipes for Adam stay below {_LARGE:g}",
            help="learning_rate=2e-4 for LoRA, 1e-5 to 5e-5 for all weights",
        )
    return None


def _of_clip_and_decay(subject: Subject, peak: float) -> CheckResult | None:
    clip = subject.value("max_grad_norm", 1.0)
    if isinstance(clip, (int, float)) and 0 < clip < _CLIP:
        return failed(
            f"max_grad_norm={clip:g} clips every gradient to nothing", help="max_grad_norm=1.0"
        )
    decay = max([subject.value("weight_decay", 0.0) or 0.0, *_decays(subject.optimizer)])
    if decay > _DECAY:
        return warned(
            f"weight_decay={decay:g} shrinks the weights by {min(1.0, decay * peak):.2%} in every "
            "step",
            help="weight_decay between 0 and 0.1",
        )
    return None


def _decays(optimizer: Any) -> list[float]:
    return [float(g.get("weight_decay") or 0.0) for g in getattr(optimizer, "param_groups", [])]


def _is_adam(subject: Subject) -> bool:
    stated = subject.value("optim", "adamw")
    name = str(getattr(stated, "value", stated))
    if subject.optimizer is not None:
        name = type(getattr(subject.optimizer, "optimizer", subject.optimizer)).__name__
    return "adam" in name.lower()


def _tunes_prompts(subject: Subject) -> bool:
    return any("prompt" in name for name, p in subject.model.named_parameters() if p.requires_grad)


def _base(subject: Subject) -> float:
    """Return the learning rate that the schedule multiplies."""
    groups = getattr(subject.optimizer, "param_groups", None)
    if groups:
        return max(float(group.get("initial_lr", group["lr"])) for group in groups)
    return float(subject.value("learning_rate", 5e-5))


def _rates(subject: Subject) -> list[float] | None:
    """Return the learning rate at points over the whole run; ``None`` if it cannot be told."""
    base, steps = _base(subject), _total_steps(subject)
    if subject.scheduler is not None:
        return _of_scheduler(subject.scheduler, steps)
    if subject.args is None or subject.value("lr_scheduler_type") is None or not steps:
        return [base]
    try:
        from transformers.optimization import get_scheduler

        factor = _lambda_of(
            get_scheduler(
                subject.value("lr_scheduler_type"),
                optimizer=_one_weight(base),
                num_warmup_steps=_warmup(subject, steps),
                num_training_steps=steps,
                scheduler_specific_kwargs=dict(subject.value("lr_scheduler_kwargs") or {}),
            )
        )
    except (TypeError, ValueError):  # a schedule that needs what is not known before the run
        return [base]
    return None if factor is None else [base * factor(at) for at in _points(steps)]


def _of_scheduler(scheduler: Any, steps: int | None) -> list[float] | None:
    """Return the rates of a given scheduler: by its factors, else the one that it starts with."""
    inner = getattr(scheduler, "scheduler", scheduler)
    factors = getattr(inner, "lr_lambdas", None)
    bases = getattr(inner, "base_lrs", None)
    if factors and bases and steps:
        return [
            max(b * f(at) for b, f in zip(bases, factors, strict=False)) for at in _points(steps)
        ]
    last: list[Any] = getattr(inner, "get_last_lr", list)()
    return [float(rate) for rate in last if rate] or None


def _lambda_of(scheduler: Any) -> Any:
    factors = getattr(scheduler, "lr_lambdas", None)
    return factors[0] if factors else None


def _one_weight(rate: float) -> Any:
    import torch

    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)


def _points(steps: int) -> list[int]:
    return list(range(0, steps, max(1, steps // _POINTS)))


def _total_steps(subject: Subject) -> int | None:
    """Return the optimizer steps of the whole run; ``None`` if the data has no length."""
    fixed = int(subject.value("max_steps", -1))
    if fixed > 0:
        return fixed
    data = getattr(subject.trainer, "train_dataset", None)
    if not hasattr(data, "__len__") or subject.args is None:
        return None
    rows = int(subject.value("per_device_train_batch_size", 8)) * max(
        1, int(getattr(subject.args, "n_gpu", 1) or 1)
    )
    ranks = int(getattr(subject.args, "world_size", 1) or 1)
    batches = -(-len(data) // (rows * ranks))  # type: ignore[arg-type]
    each = max(1, batches // int(subject.value("gradient_accumulation_steps", 1)))
    return int(each * float(subject.value("num_train_epochs", 3)))


def _warmup(subject: Subject, steps: int | None) -> int:
    """Return the warm-up steps, given as a number or as a share (one field in transformers 5)."""
    given = float(subject.value("warmup_steps", 0) or 0)
    if given >= 1:
        return int(given)
    share = given or float(subject.value("warmup_ratio", 0) or 0)
    return int(-(-(steps or 0) * share // 1))


def update_survives_rounding(subject: Subject) -> CheckResult:
    """Check that a step of the learning rate changes most weights in their own dtype."""
    import torch

    peak = max(_rates(subject) or [0.0])
    half = [
        p
        for p in subject.model.parameters()
        if p.requires_grad and p.dtype in (torch.bfloat16, torch.float16)
    ]
    if not half:
        return not_run("no weight that is trained is kept in half precision")
    if subject.args is None or not _is_adam(subject):
        return not_run("the size of an update is known for Adam only")
    if _keeps_masters(subject):
        return not_run("the optimizer keeps float32 copies of the weights")
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


def _keeps_masters(subject: Subject) -> bool:
    stated = subject.value("optim", "")
    name = str(getattr(stated, "value", stated)).lower()
    shared = any(subject.value(key) for key in ("fsdp", "deepspeed"))
    return shared or any(
        word in name for word in ("stochastic", "kahan", "anyprecision", "4bit_ao")
    )
