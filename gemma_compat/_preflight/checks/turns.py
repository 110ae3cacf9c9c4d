"""Check whether the turns of a chat are those of a conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ..text import Turn, marks_of, place, tokenizer_of, turns_in
from ._answers import NO_TOKENIZER, NOT_TOKENS, count, does_not_apply, not_run, passed, warned
from .text import rows_of

if TYPE_CHECKING:
    from ..subject import Subject

_MOST = 0.5  # of the rows with turns
Row = tuple[Any, int, list[Turn]]


def turns_alternate(subject: Subject) -> CheckResult:
    """Check for a turn of the model in each chat, the user's first, and no turn begun in vain."""
    if not subject.is_causal:
        return does_not_apply(NOT_TOKENS)
    if tokenizer_of(subject) is None:
        return not_run(NO_TOKENIZER)
    if marks_of(subject) is None:
        return does_not_apply("the tokenizer has no marks of this family's turns")
    rows = [(b, r, turns) for b, r in rows_of(subject) if (turns := turns_in(subject, b, r))]
    if not rows:
        return does_not_apply("no row holds a turn")
    for is_bad, figure, help in _FAULTS:
        bad = [row for row in rows if is_bad(row[2])]
        if len(bad) > _MOST * len(rows):
            batch, row, turns = bad[0]
            return warned(
                f"{len(bad)} of {len(rows)} rows {figure}",
                where=place(subject, batch, row, max(0, turns[-1].start - 1)),
                help=help,
            )
    return passed(f"turns of user and model alternate in {count(len(rows), 'row')}")


def _without_answer(turns: list[Turn]) -> bool:
    return turns[-1].is_complete and not any(turn.role in ("model", "assistant") for turn in turns)


def _with_a_prompt_at_the_end(turns: list[Turn]) -> bool:
    """Return whether an answer is there, and the row ends with the beginning of another one."""
    last = turns[-1]
    answered = any(t.role == "model" and t.is_complete and t.end > t.start for t in turns[:-1])
    return answered and last.role == "model" and not last.is_complete and last.end <= last.start


def _model_first(turns: list[Turn]) -> bool:
    return turns[0].role == "model" and any(turn.role == "user" for turn in turns)


def _user_twice(turns: list[Turn]) -> bool:
    pairs = zip(turns, turns[1:], strict=False)
    return any(one.role == other.role == "user" for one, other in pairs)


_FAULTS: tuple[tuple[Callable[[list[Turn]], bool], str, str], ...] = (
    (
        _without_answer,
        "have no turn of the model: there is no answer to learn",
        "a chat template that writes every message, and messages with role 'assistant'",
    ),
    (
        _with_a_prompt_at_the_end,
        "end with the beginning of another answer",
        "apply_chat_template(..., add_generation_prompt=False) for rows to train on",
    ),
    (
        _model_first,
        "begin with a turn of the model: the roles are exchanged",
        "role 'user' for the prompts, and 'assistant' for the answers",
    ),
    (
        _user_twice,
        "hold two turns of the user in a row",
        "role 'assistant' for the answers; one turn for what the user says at once",
    ),
)
