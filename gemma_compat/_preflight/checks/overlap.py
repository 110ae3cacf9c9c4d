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
_MOST = 0.6  # of a row's text, and of the rows
_MARKS = 2  # tokens of what two windows share: a <bos> and an <eos> put over the text
_LOOKED_AT = 32  # rows that are looked for in the others
_TOKENS = 200_000  # to look at
_IN_ORDER = 64  # rows of the data set itself: of a large one, shuffled rows share nothing


def rows_overlap(subject: Subject, rows: list[tuple[Any, int]]) -> CheckResult | None:
    """Judge rows of which most stands in another one too, in one piece and at another place.

    What prompts share stands at the same place in each row, and so does not count; what forms
    share, such as the lines of a log, is interrupted by what fills them.
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
    anchors: dict[tuple[int, ...], list[int]] = {}
    for row in range(0, len(trained), -(-len(trained) // _LOOKED_AT)):
        piece = _middle(trained[row][1])
        if len(set(piece)) > _PIECE // 2:
            anchors.setdefault(piece, []).append(row)
    looked_at = sum(map(len, anchors.values()))
    if looked_at < _ENOUGH // 2:
        return None
    shifts: dict[int, set[int]] = {}
    for other, (_, ids) in enumerate(trained):
        for at in range(len(ids) - _PIECE + 1):
            for row in anchors.get(tuple(ids[at : at + _PIECE]), ()):
                shift = _shift(trained[row], trained[other], at)
                if row != other and shift:
                    shifts.setdefault(row, set()).add(abs(shift))
    # Windows are steps of one size apart; forms that are filled alike are not.
    step = min((min(found) for found in shifts.values()), default=1)
    again = [
        row
        for row, found in shifts.items()
        if (step in found if step == 1 else all(shift % step == 0 for shift in found))
    ]
    if len(again) < _MOST * looked_at:
        return None
    return warned(
        f"{len(again)} of {looked_at} rows stand in another one for the most part, a few tokens "
        "on: the windows overlap, and each text is trained many times an epoch",
        help="a small stride: in the tokenizer it says how many tokens two windows share, not how "
        "far they are apart",
    )


def _middle(ids: list[int]) -> tuple[int, ...]:
    """Return the piece in the middle: it stands in each window that shares over half of a row."""
    at = max(0, len(ids) - _PIECE) // 2
    return tuple(ids[at : at + _PIECE])


def _shift(row: tuple[int, list[int]], other: tuple[int, list[int]], at: int) -> int:
    """Return how far on most of the row stands in the other one, which holds its middle at ``at``;
    0 if it does not, or stands at the same place.
    """
    (begin, ids), (other_begin, theirs) = row, other
    shift = at - max(0, len(ids) - _PIECE) // 2
    if begin == other_begin + shift:
        return 0
    shared = list(zip(ids[max(0, -shift) :], theirs[max(0, shift) :], strict=False))
    differ = sum(one != two for one, two in shared)
    return shift if len(shared) >= _MOST * len(ids) and differ <= _MARKS else 0


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
