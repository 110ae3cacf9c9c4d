"""Check whether the run's data can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..result import CheckResult
from ._answers import failed, first_line, not_run, passed

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
    if not subject.scanned:
        return not_run("the batch was given")
    return passed(f"{len(subject.scanned)} batches were read")
