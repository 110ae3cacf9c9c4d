"""Check whether the run's data can be read."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ._answers import does_not_apply, failed, first_line, passed, warned

if TYPE_CHECKING:
    from ..subject import Subject

# Error texts of collators, and what they mean. The first match is reported.
_MEANINGS = (
    (
        r"too many dimensions 'str'|features \(`\w+` in this case\) have excessive nesting"
        r"|new\(\): invalid data type 'str'",
        "a column of text, or of lists in lists, is still in the rows",
        "dataset.map(tokenize, batched=True, remove_columns=dataset.column_names)",
    ),
    (
        r"expected sequence of length|Unable to create tensor|stack expects each tensor to be equal"
        r"|inhomogeneous",
        "the rows have different lengths, and the collator does not pad them",
        "DataCollatorForSeq2Seq(tokenizer), which pads labels too; DataCollatorWithPadding for one "
        "label a row",
    ),
)
_READINGS = 4  # of one row; a random cut that grew by the same three times would be a rare chance


def data_loads(subject: Subject) -> CheckResult:
    """Check that data set and collator give a batch. They were asked before the first check."""
    error = subject.kept.get("unread")
    if error is not None:
        return _of_error(error)
    if subject.notes:
        return warned(
            subject.notes[0],
            help="next(iter(trainer.get_eval_dataloader())) shows where",
        )
    if found := _of_growth(subject):
        return found
    lost = _missing(subject)
    if lost:
        return warned(
            f"the evaluation batches do not hold {', '.join(lost)}, as the training batches do",
            help="give eval_dataset the same steps (map, tokenizer) as train_dataset",
        )
    if not subject.scanned:
        return does_not_apply("the batch was given")
    return passed(f"{len(subject.scanned)} batches were read")


def _of_error(error: BaseException) -> CheckResult:
    """Return what it means that a batch could not be made."""
    for pattern, meaning, help in _MEANINGS:
        if re.search(pattern, str(error)):
            return failed(f"{meaning} ({first_line(error)})", help=help)
    return failed(
        f"the data cannot be read: {first_line(error)}",
        help="next(iter(trainer.get_train_dataloader())) shows where",
    )


def _of_growth(subject: Subject) -> CheckResult | None:
    """Judge a row of the user's own data set that is longer each time it is read."""
    sizes = _sizes(subject)
    steps = {after - before for before, after in itertools.pairwise(sizes)}
    if len(steps) != 1 or min(steps) <= 0:
        return None
    return failed(
        f"row 0 grows each time it is read ({', '.join(map(str, sizes))} tokens): the data set "
        "changes the row that it keeps",
        help="ids = [bos, *row['input_ids']] in place of row['input_ids'].insert(0, bos)",
    )


def _sizes(subject: Subject) -> list[int]:
    """Return how many tokens the first row has, each time it is read; none if it cannot change."""
    data: Any = getattr(subject.trainer, "train_dataset", None)
    is_library = type(data).__module__.partition(".")[0] in ("datasets", "torch")
    if is_library or not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
        return []
    sizes = []
    for _ in range(_READINGS):
        row = data[0]
        ids: Any = row.get("input_ids") if hasattr(row, "get") else None
        if not hasattr(ids, "__len__"):
            return []
        sizes.append(len(ids))
    return sizes


def _missing(subject: Subject) -> list[str]:
    """Return which of ids and labels the training batches hold and the evaluation's do not."""
    if not subject.evaluated or not hasattr(subject.evaluated[0], "keys"):
        return []
    names = ("input_ids", "labels")
    return [name for name in names if name in subject.batch and name not in subject.evaluated[0]]
