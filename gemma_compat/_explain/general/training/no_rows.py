"""Answers where no row is left to train on: of a data set, and of a stream."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case

_NO_ROW = Answer(
    "no row is left to train on",
    (
        "print(len(dataset), dataset[0])   right before the trainer is made",
        "a longer max_length, where rows that are too long are dropped",
    ),
    why="a filter, a split, the mapping to a template or packing left nothing",
    known="the message",
)
_NO_ROW_OF_A_STREAM = Answer(
    "the data loader gave no batch: a streamed data set is empty, or was read to its end",
    (
        "print(next(iter(dataset)))   right before the trainer is made",
        "a data set that begins anew at each iter(): a class with __iter__, not a generator that "
        "runs out; fewer processes than it has files",
    ),
    why="a generator gives its rows once, and a filter or a split by process may leave nothing",
    known="the message is the Trainer's",
    settles=False,
)


def no_rows(case: Case) -> Answer:
    """Answer by who counts the rows: a sampler, or a loader that ran out."""
    return _NO_ROW_OF_A_STREAM if "epoch_iterator" in case.hit.text else _NO_ROW
