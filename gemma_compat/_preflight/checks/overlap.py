"""Find rows that hold the same text again and again, each time a few tokens on."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ..samples import span, two_dimensional
from ._answers import warned

if TYPE_CHECKING:
    from ..subject import Subject

_PIECE = 12  # tokens; longer than what the forms of a chat repeat
_ENOUGH = 16  # rows
_PLACES = 3  # rows in which a piece stands, each time at another place
_MOST = 0.6  # share of the pieces
_TOKENS = 200_000  # to look at
_IN_ORDER = 64  # rows of the data set itself: of a large one, shuffled rows share nothing


def rows_overlap(subject: Subject, rows: list[tuple[Any, int]]) -> CheckResult | None:
    """Judge rows of which most pieces stand in others too, at other places.

    What prompts share stands at the same place in each row, and so does not count.
    """
    trained = [found for batch, row in rows if (found := _trained(batch, row)) is not None]
    return _judged(_some(trained)) or _judged(_some(_in_order(subject)))


def _some(rows: list[tuple[int, list[int]]]) -> list[tuple[int, list[int]]]:
    """Return the first rows, up to so many tokens."""
    ends = itertools.accumulate(len(ids) for _, ids in rows)
    return [row for row, end in zip(rows, ends, strict=True) if end <= _TOKENS]


def _in_order(subject: Subject) -> list[tuple[int, list[int]]]:
    """Return the first rows of a data set of the library ``datasets``, if all is trained."""
    data: Any = getattr(subject.trainer, "train_dataset", None)
    names = getattr(data, "column_names", None)
    if not isinstance(names, list) or "input_ids" not in names or not hasattr(data, "__len__"):
        return []
    if {"labels", "completion_mask", "assistant_masks"} & set(names):
        return []
    rows = data.select(range(min(len(data), _IN_ORDER)))["input_ids"]
    return [(0, list(map(int, ids))) for ids in rows]


def _judged(trained: list[tuple[int, list[int]]]) -> CheckResult | None:
    if len(trained) < _ENOUGH:
        return None
    places: dict[tuple[int, ...], set[int]] = {}
    for first, ids in trained:
        for at in range(len(ids) - _PIECE):
            places.setdefault(tuple(ids[at : at + _PIECE]), set()).add(first + at)
    pieces = [
        tuple(ids[at : at + _PIECE])
        for _, ids in trained
        for at in range(0, len(ids) - _PIECE, _PIECE)
        if len(set(ids[at : at + _PIECE])) > _PIECE // 2
    ]
    again = sum(len(places[piece]) >= _PLACES for piece in pieces)
    if len(pieces) < _ENOUGH or again < _MOST * len(pieces):
        return None
    return warned(
        f"{100 * again / len(pieces):.0f}% of the text of {len(trained)} rows stands in other rows "
        "too, a few tokens on: the windows overlap, and each text is trained many times an epoch",
        help="a small stride: in the tokenizer it says how many tokens two windows share, not how "
        "far they are apart",
    )


def _trained(batch: Any, row: int) -> tuple[int, list[int]] | None:
    """Return where the trained part of a row begins, and its tokens."""
    labels = two_dimensional(batch, "labels")
    if labels is None:
        return None
    start, end = span(batch, row)
    at = [n for n in (labels[row] != -100).nonzero().flatten().tolist() if start <= n < end]
    if not at:
        return None
    return at[0] - start, batch["input_ids"][row, at[0] : at[-1] + 1].tolist()
