"""Check whether the rows teach the model to stop, and the answers are what is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...tables.families import turn_marks
from ..result import CheckResult
from ..samples import is_packed, row_length
from ..text import Turn, marks_of, model_type_of, place, stops_of, token_id, tokenizer_of, turns_in
from . import masks
from ._answers import (
    NO_TOKENIZER,
    NOT_TOKENS,
    count,
    does_not_apply,
    failed,
    not_run,
    passed,
    warned,
)
from .text import rows_of

if TYPE_CHECKING:
    from ..subject import Subject


def stop_is_trained(subject: Subject) -> CheckResult:
    """Check that the end of each answer has a label; without one the model never learns to stop."""
    if not subject.is_causal:
        return does_not_apply(NOT_TOKENS)
    if tokenizer_of(subject) is None:
        return not_run(NO_TOKENIZER)
    rows = list(rows_of(subject, 1_000))
    chats = [(batch, row, turns) for batch, row in rows if (turns := turns_in(subject, batch, row))]
    if chats:
        return _of_chats(subject, chats)
    ends = _of_ends(subject, rows) or masks.wrong_side(subject)
    return _of_texts(subject, rows) if ends is None else ends


def _of_ends(subject: Subject, rows: list[tuple[Any, int]]) -> CheckResult | None:
    """Judge rows whose turns cannot be read: some row's last end of turn must have a label."""
    encode = getattr(tokenizer_of(subject), "convert_tokens_to_ids", None)
    marks = turn_marks(model_type_of(subject))
    end = encode(marks.end) if encode and marks else None
    last = [
        (batch, row, places[-1])
        for batch, row in rows
        if end is not None
        and (places := batch["input_ids"][row].eq(end).nonzero().flatten().tolist())
    ]
    if not last or marks is None:
        return None
    trained = sum(int(batch["labels"][row, at]) != -100 for batch, row, at in last)
    if trained:
        return passed(f"{marks.end} is trained in {trained} of {len(last)} rows")
    return failed(
        f"{marks.end} is never trained: generation will not stop",
        where=place(subject, *last[0]),
        help=f"leave the label of {marks.end} after each answer",
    )


def _of_chats(subject: Subject, chats: list[tuple[Any, int, list[Turn]]]) -> CheckResult:
    found = _wrong_side(subject, chats)
    if found is not None:
        return found
    answers = [
        (batch, row, turn)
        for batch, row, turns in chats
        for turn in turns
        if turn.role == "model" and _is_trained(batch, row, turn)
    ]
    cut = [item for item in answers if not item[2].is_complete]
    whole = [item for item in answers if item[2].is_complete]
    good = [i for i in whole if i[0]["labels"][i[1], i[2].end] != -100]
    marks = marks_of(subject)
    end = marks[0].end if marks else "the end of turn"
    if whole and not good:
        batch, row, turn = whole[0]
        return failed(
            f"{end} is never trained in {count(len(whole), 'answer')}: generation will not stop",
            where=place(subject, batch, row, turn.end),
            help=f"leave the label of {end} after each answer",
        )
    if cut and not is_packed(subject.batch):
        return _of_cut(subject, cut, len(answers), end)
    if not answers:
        return does_not_apply("no answer of a chat is trained in the rows looked at")
    return passed(f"{end} is trained in {len(good)} of {len(answers)} answers")


def _of_cut(
    subject: Subject, cut: list[tuple[Any, int, Turn]], total: int, end: str
) -> CheckResult:
    batch, row, turn = cut[0]
    limit = subject.value("max_length") or subject.value("max_seq_length")
    by = f" (max_length={limit})" if limit else ""
    figure = f"{len(cut)} of {total} answers end without {end}: the row is cut{by}"
    where = place(subject, batch, row, max(0, turn.end - 1))
    help = "a longer max_length, or rows that are too long left out"
    if len(cut) == total:
        return failed(f"{figure}; generation will not stop", where=where, help=help)
    if len(cut) * 20 <= total:
        return passed(figure, where=where)
    return warned(figure, where=where, help=help)


def _wrong_side(subject: Subject, chats: list[tuple[Any, int, list[Turn]]]) -> CheckResult | None:
    """Return a failure if prompts are trained and answers masked, or all answers are empty."""
    sides = {"user": 0, "model": 0}
    said = spoken = 0
    for batch, row, turns in chats:
        for turn in turns:
            if turn.role in sides:
                sides[turn.role] += _is_trained(batch, row, turn)
            if turn.role == "model" and turn.is_complete:
                spoken += 1
                said += turn.end > turn.start
    batch, row, turns = chats[0]
    if sides["user"] and not sides["model"] and spoken:
        return failed(
            "the prompts are trained and the answers are masked",
            where=place(subject, batch, row, turns[0].start),
            help="labels: -100 on the prompts, the tokens on the answers",
        )
    if spoken and not said:
        return failed(
            "every answer is empty",
            where=place(subject, batch, row, turns[-1].end),
            help="look for the column that the answers come from",
        )
    return None


def _is_trained(batch: Mapping[str, Any], row: int, turn: Turn) -> bool:
    return bool((batch["labels"][row, turn.start : turn.end] != -100).any())


def _of_texts(subject: Subject, rows: list[tuple[Any, int]]) -> CheckResult:
    """Judge rows without turns: some must end with a trained stop, or be blocks of a long text."""
    pad, stops = token_id(subject, "pad_token_id"), stops_of(subject)
    ends = [(b, r, row_length(b, r, None if pad in stops else pad)) for b, r in rows]
    trained = [item for item in ends if bool((item[0]["labels"][item[1]] != -100).any())]
    stopped = masked = 0
    for batch, row, end in trained:
        last = int(batch["input_ids"][row, end - 1])
        if last in stops:
            stopped += int(batch["labels"][row, end - 1]) != -100
            masked += int(batch["labels"][row, end - 1]) == -100
    if stopped or not trained:
        return passed(f"a stop is trained in {stopped} of {len(trained)} rows")
    batch, row, end = trained[0]
    where = place(subject, batch, row, end - 1)
    if masked:
        same = pad == token_id(subject, "eos_token_id")
        why = "pad_token is eos_token, so the collator masks it" if same else "its label is -100"
        return failed(
            f"the <eos> that ends a row is never trained ({why}): generation will not stop",
            where=where,
            help="tokenizer.pad_token = '<pad>'" if same else "leave the label of <eos>",
        )
    if len({end for _, _, end in trained}) == 1 and len(trained) > 1 or is_packed(subject.batch):
        return _of_blocks(subject, trained, stops)
    return warned(
        f"none of {len(trained)} rows ends with <eos> or an end of turn: the model does not learn "
        "to stop",
        where=where,
        help="add tokenizer.eos_token to the end of each text",
    )


def _of_blocks(subject: Subject, rows: list[tuple[Any, int, int]], stops: set[int]) -> CheckResult:
    """Judge rows that look like blocks of a longer text: do they mark where a document ends?"""
    marks = stops | {token_id(subject, "bos_token_id")}
    inner = [batch["input_ids"][row, 1:end].tolist() for batch, row, end in rows]
    if any(token in marks for tokens in inner for token in tokens):
        return passed("rows of one length look like blocks, with marks between documents")
    return not_run(
        "rows of one length look like blocks of one text: no mark in them tells whether documents "
        "were joined, which needs an <eos> after each"
    )
