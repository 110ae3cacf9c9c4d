"""Hold the masked part of rows against where their answers begin, in chats and in plain forms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ..samples import span, two_dimensional
from ..text import decode, place, stops_of, tokenizer_of, turns_in
from ._answers import failed
from .text import rows_of

if TYPE_CHECKING:
    from ..subject import Subject

_ENOUGH = 4  # rows that show it
_HALF = 0.5
# Alpaca's "### Response:", "Answer:" of questions, and their like, at the beginning of a line.
_ANSWER = re.compile(
    r"(?:^|\n|>)(?:#{1,4} ?)?(?:Response|Answer|Output|Assistant|ASSISTANT|Completion|Solution|A):"
)
_COUNT_TOKENS = "mask len(tokenizer(prompt).input_ids) labels, and not len(prompt)"


@dataclass(frozen=True)
class Answer:
    """Where the answer of a row begins.

    Attributes:
        batch, row: the row.
        start: the first token of the answer.
        end: the one after its last token.
        characters: how many characters are in front of it, ``<bos>`` left out.
    """

    batch: Any
    row: int
    start: int
    end: int
    characters: int

    def labels(self) -> list[int]:
        """Return the labels of the row."""
        found: list[int] = self.batch["labels"][self.row].tolist()
        return found


def answers_of(subject: Subject, limit: int = 64) -> list[Answer]:
    """Return the answers of the rows in which one mark, and no more, shows its beginning."""
    if not hasattr(tokenizer_of(subject), "decode"):
        return []
    found = (
        _answer(subject, batch, row)
        for batch, row in rows_of(subject, limit)
        if two_dimensional(batch, "labels") is not None
    )
    return [item for item in found if item is not None and item.end > item.start]


def _answer(subject: Subject, batch: Any, row: int) -> Answer | None:
    first, last = span(batch, row)
    ids = batch["input_ids"][row].tolist()
    turns = turns_in(subject, batch, row)
    if turns:
        told = [turn for turn in turns if turn.role == "model"]
        if len(told) != 1:
            return None
        return Answer(
            batch, row, told[0].start, told[0].end, _characters(subject, ids[first : told[0].start])
        )
    marks = list(_ANSWER.finditer(decode(subject, ids[first:last])))
    if len(marks) != 1:
        return None
    low, high = first, last  # the first token by which the mark is complete
    while low < high:
        middle = (low + high) // 2
        if len(decode(subject, ids[first : middle + 1])) >= marks[0].end():
            high = middle
        else:
            low = middle + 1
    start = low + 1
    return Answer(batch, row, start, last, _characters(subject, ids[first:start]))


def _characters(subject: Subject, ids: list[int]) -> int:
    bos = getattr(tokenizer_of(subject), "bos_token_id", None)
    return len(decode(subject, [token for token in ids if token != bos]))


def of_characters(subject: Subject) -> CheckResult | None:
    """Judge masks that have as many labels as the prompt has characters."""
    rows = [
        (answer, trained[0] - span(answer.batch, answer.row)[0])
        for answer in answers_of(subject)
        if (trained := [at for at, label in enumerate(answer.labels()) if label != -100])
        and trained[0] > answer.start + 2
    ]
    # A rendered prompt counts the letters of its <bos> too.
    mark = len(getattr(tokenizer_of(subject), "bos_token", None) or "")
    bad = [
        item
        for item, masked in rows
        if any(-1 <= masked - item.characters - more <= 3 for more in (0, mark))
    ]
    if len(bad) < _ENOUGH or len(bad) < _HALF * len(rows):
        return None
    return failed(
        f"as many labels are masked as the prompt has characters, in {len(bad)} of {len(rows)} "
        "rows: the mask covers the beginning of the answer, or all of it",
        where=place(subject, bad[0].batch, bad[0].row, bad[0].start),
        help=_COUNT_TOKENS,
    )


def over_answers(subject: Subject) -> tuple[str, str] | None:
    """Return what is wrong, and the help, where nothing is trained although answers are there."""
    answers = answers_of(subject)
    untrained = [a for a in answers if all(x == -100 for x in a.labels()[a.start : a.end])]
    if not answers or len(untrained) < 0.9 * len(answers):
        return None
    counted = of_characters(subject)
    why = "" if counted is None else ", which has as many labels as the prompt has characters"
    return (
        f", although answers are there: the mask covers them too{why}",
        f"{_COUNT_TOKENS}; a response_template that is looked for among the tokens of the row",
    )


def over_answers_of_rows(subject: Subject) -> str:
    """Return the help for rows that train nothing although their answers are there, whole; empty
    where the answers are not.
    """
    untrained = [a for a in answers_of(subject) if all(label == -100 for label in a.labels())]
    if len(untrained) < _ENOUGH or not all(_is_closed(subject, answer) for answer in untrained):
        return ""
    return (
        "the answers are there, and masked: mask len(tokenizer(prompt).input_ids) labels, and not "
        "len(prompt); where a mark of the answer is looked for, it is not found"
    )


def _is_closed(subject: Subject, answer: Answer) -> bool:
    """Return whether the end of the answer is there: it was not cut off."""
    ids = answer.batch["input_ids"][answer.row].tolist()
    return any(token in stops_of(subject) for token in ids[answer.end - 1 : answer.end + 1])


def wrong_side(subject: Subject) -> CheckResult | None:
    """Judge plain forms of which the prompt is trained and the answer is not."""
    answers = answers_of(subject)
    bad = [
        answer
        for answer in answers
        if all(label == -100 for label in answer.labels()[answer.start + 1 : answer.end])
        and any(label != -100 for label in answer.labels()[: answer.start - 1])
    ]
    if len(bad) < _ENOUGH or len(bad) < 0.9 * len(answers):
        return None
    return failed(
        f"the prompts are trained and the answers are masked, in {len(bad)} of {len(answers)} rows",
        where=place(subject, bad[0].batch, bad[0].row, bad[0].start),
        help="labels: -100 on the prompts, the tokens on the answers",
    )
