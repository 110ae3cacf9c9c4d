"""Look at up to a thousand rows of the data, without a forward pass."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ..samples import row_length, two_dimensional
from ..text import token_id
from ._answers import count, not_run, passed, warned
from .text import rows_of

if TYPE_CHECKING:
    from ..subject import Subject

_COPIES = 0.5  # share of rows that are copies of others
_ENOUGH = 8  # with fewer rows, copies prove nothing


def dataset_is_varied(subject: Subject) -> CheckResult:
    """Check for rows that differ, evaluation rows apart from training rows, and labels."""
    rows = list(rows_of(subject, 1_000))
    if not subject.scanned or len(rows) < 2:
        return not_run("needs a Trainer with more rows than one batch")
    keys = [_key(subject, batch, row) for batch, row in rows]
    number, most = Counter(keys).most_common(1)[0][1], len(keys)
    copies = most - len(set(keys))
    if len(keys) >= _ENOUGH and number == most:
        return warned(f"all {most} rows looked at are the same")
    if len(keys) >= _ENOUGH and copies > _COPIES * most:
        return warned(f"{copies} of {most} rows looked at are copies of others")
    empty = _without_labels(rows)
    if empty * 5 > most:
        return warned(
            f"{empty} of {most} rows looked at train nothing: every label is -100",
            help="a longer max_length, or rows whose answers are cut off left out",
        )
    held = {_key(subject, batch, row) for batch, row in _evaluated(subject)}
    shared = len(held & set(keys))
    if held and shared * 2 > len(held):
        return warned(
            f"{shared} of {len(held)} evaluation rows are among the training rows: the evaluation "
            "loss will not show overfitting"
        )
    return passed(f"{count(most, 'row')} looked at, {copies} of them copies")


def _key(subject: Subject, batch: Any, row: int) -> tuple[int, ...]:
    length = row_length(batch, row, token_id(subject, "pad_token_id"))
    return tuple(batch["input_ids"][row, :length].tolist())


def _without_labels(rows: list[tuple[Any, int]]) -> int:
    return sum(
        not bool((labels[row, 1:] != -100).any())
        for batch, row in rows
        if (labels := two_dimensional(batch, "labels")) is not None
    )


def _evaluated(subject: Subject) -> list[tuple[Any, int]]:
    return [
        (batch, row)
        for batch in subject.evaluated
        if getattr(batch.get("input_ids"), "ndim", 0) == 2
        for row in range(len(batch["input_ids"]))
    ]
