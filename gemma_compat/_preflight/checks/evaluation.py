"""Check whether an evaluation runs, to its end: forward, outputs, and the script's metrics."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from .. import shadow as shadows
from ..precision import limit_of, precision_of
from ..reference import REWRITES, rewrites_itself
from ..result import CheckResult, Outcome
from ._answers import does_not_apply, failed, first_line, passed, warned
from .agreement import apart, as_counted, has_own, reference
from .metrics import metrics_run
from .planned import evaluates
from .running import error_as_result

if TYPE_CHECKING:
    from ..subject import Subject

_NAMES = re.compile(r"exactly one of input_ids or inputs_embeds|unexpected keyword|missing \d req")
_OTHER_SEED = 20_261_126  # with the reference's seed, a dropout left on would go unseen


def evaluation_runs(subject: Subject) -> CheckResult:
    """Run one batch as ``evaluate`` does: wrapped by accelerate, with the outputs collected."""
    trainer = subject.trainer
    if rewrites_itself(subject.base):
        return warned(
            f"not tried: {REWRITES}", help="train without evaluation on this machine, or on a GPU"
        )
    try:
        with subject.trial():
            loss, text, outputs = (
                _evaluate(subject, trainer) if trainer is not None else _forward(subject)
            )
    except Exception as error:  # probe boundary: whatever evaluation raises is the answer
        return _as_it_matters(
            subject,
            _of_names(subject, error) or error_as_result(subject, error, evaluating=True),
        )
    found = metrics_run(subject, outputs)
    return found or _against_reference(subject, loss, text)


def _of_names(subject: Subject, error: Exception) -> CheckResult | None:
    """Judge an evaluation that gives the model a batch which only ``compute_loss`` can read."""
    names = subject.trainer.label_names if subject.trainer is not None else []
    if subject.is_causal or not has_own(subject, "compute_loss"):
        return None
    if not _NAMES.search(str(error)) or any(name in subject.batch for name in names):
        return None
    return failed(
        f"an evaluation gives the batch to the model itself, not to compute_loss: none of its "
        f"label_names is in it ({first_line(error)})",
        help=f"args.label_names=[{next(iter(subject.batch), 'labels')!r}], or a prediction_step "
        "that calls compute_loss",
    )


def _as_it_matters(subject: Subject, found: CheckResult) -> CheckResult:
    """Turn a failed evaluation into a warning if the run never evaluates."""
    if subject.trainer is None or evaluates(subject) or bool(subject.value("do_eval")):
        return found
    if getattr(subject.trainer, "eval_dataset", None) is not None:
        return found
    if not subject.is_causal and has_own(subject, "compute_loss"):
        return does_not_apply("the run does not evaluate, and the model cannot read its batches")
    return CheckResult(
        "",
        Outcome.WARNING,
        f"{found.figure} (this run does not evaluate)",
        rules=found.rules,
        help=found.help,
    )


def _against_reference(subject: Subject, loss: float, text: str) -> CheckResult:
    """Compare an evaluation's loss with the reference: if they differ, randomness is on."""
    found = reference(subject) if subject.is_causal else ""
    if isinstance(found, str) or not math.isfinite(loss) or not math.isfinite(found.loss):
        return passed(text)
    limit = limit_of(precision_of(subject)) * 5
    # Some Trainers divide by the labels before the shift (GC502): smaller by a known factor.
    counted = found.loss * found.labels / max(1, int((subject.batch["labels"] != -100).sum()))
    if min(apart(loss, one) for one in (found.loss, counted, as_counted(found))) <= limit:
        return passed(text)
    if subject.kept.get("disagrees") or _equals_the_step(subject, loss, limit / 5):
        return passed(text)
    return warned(
        f"{text}, and {found.loss:.4f} by the reference: dropout or something else random is on in "
        "evaluation",
        f"at most {limit:g} apart",
        help="model.eval() must switch every dropout off",
    )


def _equals_the_step(subject: Subject, loss: float, limit: float) -> bool:
    """Return whether the loss is the training step's, which had another seed: nothing random is on,
    and what sets both apart from the reference is reported elsewhere.
    """
    step = getattr(subject.kept.get("run"), "loss", None)
    return step is not None and math.isfinite(step) and apart(loss, step) <= limit


def _evaluate(subject: Subject, trainer: Any) -> tuple[float, str, Any]:
    """Do what ``Trainer.evaluation_loop`` does with one batch, without logging."""
    import torch

    torch.manual_seed(_OTHER_SEED)
    subject.model.eval()
    model = shadows.prepared(trainer, subject.model)
    loss_only = trainer.compute_metrics is None or bool(trainer.args.prediction_loss_only)
    subject.spend(1 / 3)
    loss, logits, labels = trainer.prediction_step(model, dict(subject.batch), loss_only)
    if logits is not None:
        trainer.accelerator.pad_across_processes(logits, dim=1, pad_index=-100)
    value = float("nan") if loss is None else float(loss)
    text = f"loss {value:.4f}, {'loss only' if loss_only else 'outputs collected'}"
    return value, text, (logits, labels, value)


def _forward(subject: Subject) -> tuple[float, str, Any]:
    import torch

    torch.manual_seed(_OTHER_SEED)
    subject.model.eval()
    with torch.no_grad():
        loss = float(subject.call().loss)
    return loss, f"loss {loss:.4f}, the bare model (no Trainer to evaluate)", None
