"""Check whether gradient accumulation keeps the scale of loss and gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import passes, shadow
from ..cost import LARGE, few_tokens, left_for_accumulation
from ..result import CheckResult
from ..samples import shortened
from ._answers import NO_TRAINER, does_not_apply, failed, first_line, not_run, passed
from .agreement import run_of

if TYPE_CHECKING:
    from ..subject import Subject

_LIMIT = 0.02
_MARK = 1e6  # a gradient that is larger than any that a step adds


def accumulation_keeps_scale(subject: Subject) -> CheckResult:
    """Check that n equal micro-batches add up to what one gives without accumulation."""
    steps = int(subject.value("gradient_accumulation_steps", 1))
    if subject.trainer is None or not hasattr(subject.trainer, "training_step"):
        return not_run(NO_TRAINER)
    if steps <= 1:
        return does_not_apply("the run does not accumulate")
    try:
        once = _once(subject)
        share, keeps = _step(subject, steps)
    except Exception as error:  # probe boundary: a Trainer's own step, whatever it raises
        return not_run(f"training_step does not run by itself: {first_line(error)}")
    if not keeps:
        return failed(
            f"a micro-step clears the gradients of those before it: of {steps} only the last one "
            "counts",
            help="no zero_grad() in training_step; the Trainer clears them after each step",
        )
    factor = steps * share / once if once else float("nan")
    figure = f"{steps} steps give {factor:.3f} times the loss of one"
    if abs(factor - 1) <= _LIMIT:
        return passed(figure, f"1 within {_LIMIT:.0%}")
    return failed(
        figure,
        f"1 within {_LIMIT:.0%}",
        help="gemma_compat.patch(model, args=args), or a loss divided by num_items_in_batch",
    )


def _once(subject: Subject) -> float:
    """Return the loss without accumulation, reusing the run's own pass if it had the same rows."""
    run = run_of(subject)
    if _part(subject) is subject.batch and run.loss is not None:
        return run.loss
    return _step(subject, 1)[0]


def _part(subject: Subject) -> dict[str, Any]:
    """Return a few tokens of the batch, which are run twice; all of it where a pass is left."""
    if "accumulated" not in subject.kept:
        large = subject.is_causal and subject.batch["input_ids"].numel() >= LARGE
        whole = not large and (not subject.is_causal or left_for_accumulation(subject) >= 1.0)
        few = subject.batch if whole else shortened(subject.batch, few_tokens(subject))
        subject.kept["accumulated"] = few
    part: dict[str, Any] = subject.kept["accumulated"]
    return part


def _step(subject: Subject, steps: int) -> tuple[float, bool]:
    """Make one of ``steps`` micro-steps; return the loss, and whether it kept earlier gradients.

    The loss is scaled as the Trainer does.
    """
    import torch

    batch = _part(subject)
    mark = min((p for p in subject.model.parameters() if p.requires_grad), key=lambda p: p.numel())
    with subject.trial(), passes.dropping_gradients(subject.model, but=mark):
        passes.prepare(subject, checkpointing=True)
        subject.spend(1.0, batch)
        model = shadow.prepared(subject.trainer, subject.model)
        large = min(_MARK, torch.finfo(mark.dtype).max / 2)
        mark.grad = torch.full_like(mark, large)  # as an earlier micro-step would leave it
        loss = float(shadow.step(subject.trainer, model, batch, steps, factor=1.0))
        is_gone = mark.grad is None or bool(mark.grad.float().mean() <= large / 2)
        return loss, not is_gone
