"""Look at up to a thousand rows of the data, without a forward pass."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ..samples import row_length, span, two_dimensional
from ..text import token_id, turns_in
from ._answers import (
    NO_ANSWERS,
    NO_TRAINER,
    NOT_TOKENS,
    count,
    does_not_apply,
    not_run,
    passed,
    warned,
)
from .masks import over_answers_of_rows
from .overlap import rows_overlap
from .text import rows_of, show_row

if TYPE_CHECKING:
    from ..subject import Subject

_COPIES = 0.5  # share of rows that are copies of others
_ANSWERS = 256  # rows whose answers are compared
_ENOUGH = 8  # with fewer rows, copies prove nothing


def dataset_is_varied(subject: Subject) -> CheckResult:
    """Check for rows that differ, evaluation rows apart from training rows, and labels."""
    rows = list(rows_of(subject, 1_000))
    if not subject.scanned:
        return not_run(NO_TRAINER)
    if len(rows) < 2:
        return does_not_apply("the run's data is one row")
    keys = [_key(subject, batch, row) for batch, row in rows]
    number, most = Counter(keys).most_common(1)[0][1], len(keys)
    copies = most - len(set(keys))
    if len(keys) >= _ENOUGH and number == most:
        limit = subject.value("max_length") or subject.value("max_seq_length")
        cut = f" (each is cut at max_length={limit})" if limit == len(keys[0]) else ""
        return warned(
            f"all {most} rows looked at are the same{cut}",
            where=show_row(subject, *rows[0]),
            help="a longer max_length" if cut else "look at how the data set is made",
        )
    if len(keys) >= _ENOUGH and copies > _COPIES * most:
        return warned(
            f"{copies} of {most} rows looked at are copies of others",
            help="data set rows once each, and num_train_epochs for more passes",
        )
    empty = _without_labels(rows)
    if empty * 5 > most:
        return warned(
            f"{empty} of {most} rows looked at train nothing: every label is -100",
            help=over_answers_of_rows(subject)
            or "a longer max_length, or rows whose answers are cut off left out",
        )
    held = {_key(subject, batch, row) for batch, row in _evaluated(subject)}
    shared = len(held & set(keys))
    if held and shared * 2 > len(held):
        return warned(
            f"{shared} of {len(held)} evaluation rows are among the training rows: the evaluation "
            "loss will not show overfitting",
            help="train_test_split before anything else is done to the rows",
        )
    overlap = rows_overlap(subject, rows)
    return overlap or passed(f"{count(most, 'row')} looked at, {copies} of them copies")


def answers_differ(subject: Subject) -> CheckResult:
    """Check that answers differ from each other and from their prompts, and prompts are there."""
    if not subject.is_causal:
        return does_not_apply(NOT_TOKENS)
    rows = [(batch, row) for batch, row in rows_of(subject, _ANSWERS)]
    empty = [item for item in rows if _asks_nothing(subject, *item)]
    if len(empty) * 2 > len(rows):
        return warned(
            f"{len(empty)} of {len(rows)} rows have an empty prompt",
            where=show_row(subject, *empty[0]),
            help="look for the column that the prompts come from",
        )
    pairs = [(item, pair) for item in rows if (pair := prompt_and_answer(*item)) is not None]
    if not pairs:
        return does_not_apply(NO_ANSWERS)
    if len(pairs) < _ENOUGH:
        return not_run(f"needs {_ENOUGH} rows with a masked prompt and an answer")
    where = show_row(subject, *pairs[0][0])
    if len({answer for _, (_, answer) in pairs}) == 1 and len({p for _, (p, _) in pairs}) > 1:
        return warned(
            f"all {len(pairs)} rows looked at have the same answer",
            where=where,
            help="look for the column that the answers come from",
        )
    copies = _copies([pair for _, pair in pairs])
    if copies * 2 > len(pairs):
        return warned(
            f"{copies} of {len(pairs)} answers repeat a part of their prompt",
            where=where,
            help="nothing, if the task is to copy; else the columns of prompt and answer are mixed",
        )
    return passed(f"{len(pairs)} answers looked at")


def _asks_nothing(subject: Subject, batch: Any, row: int) -> bool:
    """Return whether the user's turns of a chat are there and hold no token."""
    asked = [turn for turn in turns_in(subject, batch, row) if turn.role == "user"]
    return bool(asked) and all(turn.end <= turn.start for turn in asked)


def prompt_and_answer(batch: Any, row: int) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return the masked beginning of a row, and what it trains; ``None`` without either."""
    labels = two_dimensional(batch, "labels")
    if labels is None:
        return None
    trained = (labels[row] != -100).nonzero().flatten().tolist()
    start, _ = span(batch, row)
    if not trained or trained[0] - start < 4:
        return None
    ids = batch["input_ids"][row]
    return tuple(ids[start : trained[0]].tolist()), tuple(ids[trained].tolist())


def _copies(pairs: list[tuple[tuple[int, ...], tuple[int, ...]]]) -> int:
    """Count answers that stand in their prompt, all at its beginning or all at its end.

    An answer that is looked up in a text stands somewhere else in each prompt.
    """
    places: Counter[tuple[str, int]] = Counter()
    for prompt, answer in pairs:
        part = answer[:-2]
        at = _place(part, prompt)
        if at is not None:
            places.update({("first", at), ("last", len(prompt) - at - len(part))})
    return max(places.values(), default=0)


def _place(part: tuple[int, ...], whole: tuple[int, ...]) -> int | None:
    """Return where these tokens, three or more, stand last in the others in one piece."""
    size = len(part)
    if size < 3:
        return None
    found = (at for at in range(len(whole) - size, -1, -1) if whole[at : at + size] == part)
    return next(found, None)


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
