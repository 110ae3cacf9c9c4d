"""Tell masks of which the edge between prompt and answer is a few tokens off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ..samples import two_dimensional
from ..text import place, turns_in
from ._answers import warned
from .text import rows_of

if TYPE_CHECKING:
    from ..subject import Subject

_ENOUGH = 8  # answers, or turns of the user
_MOST, _SOME = 0.5, 0.25


def of_first_word(subject: Subject) -> CheckResult | None:
    """Warn of answers of which all but the first tokens is trained: the mask goes too far."""
    turns = _turns(subject, "model")
    bad = [(batch, row, turn) for batch, row, turn, trained in turns if _lacks_begin(trained)]
    if len(turns) < _ENOUGH or len(bad) <= _MOST * len(turns):
        return None
    batch, row, turn = bad[0]
    return warned(
        f"the first token of the answer is masked, and the rest trained, in {len(bad)} of "
        f"{len(turns)} answers: the mask is longer than the prompt",
        where=place(subject, batch, row, turn.start),
        help="count the prompt's tokens with add_special_tokens=False if the template writes <bos>",
    )


def of_prompt(subject: Subject) -> CheckResult | None:
    """Warn of turns of the user of which the end is trained: the mask ends too early."""
    turns = [item for item in _turns(subject, "user") if len(item[3]) > 1]
    bad = [(batch, row, turn) for batch, row, turn, trained in turns if _lacks_begin(trained)]
    if len(turns) < _ENOUGH or len(bad) < _SOME * len(turns):
        return None
    batch, row, turn = bad[0]
    return warned(
        f"the end of the user's turn is trained, and its beginning masked, in {len(bad)} of "
        f"{len(turns)} turns: the mask ends before the prompt does",
        where=place(subject, batch, row, turn.end),
        help="count the mask from the row's first token that is not padding",
    )


def _lacks_begin(trained: list[bool]) -> bool:
    return len(trained) > 2 and not trained[0] and trained[-1]


def _turns(subject: Subject, role: str) -> list[tuple[Any, int, Any, list[bool]]]:
    """Return batch, row and turn of this role, and which of its tokens are trained."""
    found = []
    for batch, row in rows_of(subject):
        labels = two_dimensional(batch, "labels")
        for turn in turns_in(subject, batch, row) if labels is not None else []:
            if turn.role == role and turn.end > turn.start:
                kept = (labels[row, turn.start : turn.end] != -100).tolist()
                found.append((batch, row, turn, kept))
    return found
