"""Does gradient accumulation keep the scale of loss and gradients?"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from .. import passes
from ..result import CheckResult
from ._answers import failed, first_line, not_run, passed

if TYPE_CHECKING:
    from ..subject import Subject

_LIMIT = 0.02


def accumulation_keeps_scale(subject: Subject) -> CheckResult:
    """n equal micro-batches must add up to what one of them gives without accumulation."""
    steps = getattr(subject.args, "gradient_accumulation_steps", 1)
    if subject.trainer is None or not hasattr(subject.trainer, "training_step"):
        return not_run("no Trainer, so nothing is known of accumulation")
    if steps <= 1:
        return not_run("the run does not accumulate")
    try:
        once, share = _step(subject, 1), _step(subject, steps)
    except Exception as error:  # probe boundary: a Trainer's own step, whatever it raises
        return not_run(f"training_step does not run by itself: {first_line(error)}")
    factor = steps * share / once if once else float("nan")
    figure = f"{steps} steps give {factor:.3f} times the loss of one"
    good = abs(factor - 1) <= _LIMIT
    return (passed if good else failed)(figure, f"1 within {_LIMIT:.0%}")


def _step(subject: Subject, steps: int) -> float:
    """The loss that one micro-step of ``steps`` goes backward with, as the Trainer scales it."""
    import torch

    batch = passes.shortened(subject.batch)
    trainer = copy.copy(subject.trainer)
    trainer.args = copy.copy(trainer.args)
    trainer.args.gradient_accumulation_steps = steps
    trainer.current_gradient_accumulation_steps = steps
    counted = None
    if getattr(trainer, "model_accepts_loss_kwargs", False) or trainer.compute_loss_func:
        counted = (batch["labels"] != -100).sum() * steps
    with subject.trial():
        passes.prepare(subject, checkpointing=True)
        torch.manual_seed(0)  # the same dropout in both
        subject.passes += 1
        return float(_training_step(trainer, subject.model, batch, counted))


def _training_step(trainer: Any, model: Any, batch: dict[str, Any], counted: Any) -> Any:
    return trainer.training_step(model, dict(batch), num_items_in_batch=counted).float()
