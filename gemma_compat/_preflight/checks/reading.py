"""Check whether the run's data can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..result import CheckResult
from ._answers import failed, first_line, not_run, passed, warned

if TYPE_CHECKING:
    from ..subject import Subject


def data_loads(subject: Subject) -> CheckResult:
    """Check that data set and collator give a batch. They were asked before the first check."""
    error = subject.kept.get("unread")
    if error is not None:
        return failed(
            f"the data cannot be read: {first_line(error)}",
            help="next(iter(trainer.get_train_dataloader())) shows where",
        )
    if subject.notes:
        return warned(
            subject.notes[0],
            help="next(iter(trainer.get_eval_dataloader())) shows where",
        )
    lost = _missing(subject)
    if lost:
        return warned(
            f"the evaluation batches do not hold {', '.join(lost)}, as the training batches do",
            help="give eval_dataset the same steps (map, tokenizer) as train_dataset",
        )
    if not subject.scanned:
        return not_run("the batch was given")
    return passed(f"{len(subject.scanned)} batches were read")


def _missing(subject: Subject) -> list[str]:
    """Return which of ids and labels the training batches hold and the evaluation's do not."""
    if not subject.evaluated or not hasattr(subject.evaluated[0], "keys"):
        return []
    names = ("input_ids", "labels")
    return [name for name in names if name in subject.batch and name not in subject.evaluated[0]]
