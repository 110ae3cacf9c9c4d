"""Check whether the text is in this model's chat format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...tables.families import turn_marks
from ..result import CheckResult, Outcome
from ..samples import span
from ..text import (
    decode,
    marks_of,
    model_type_of,
    place,
    token_id,
    tokenizer_of,
    turns_in,
)
from ._answers import NO_ROWS, NO_TOKENIZER, does_not_apply, failed, not_run, passed, warned

if TYPE_CHECKING:
    from ..subject import Subject

_FOREIGN = (
    "<|im_start|>", "<|im_end|>", "[INST]", "[/INST]", "<<SYS>>", "<|start_header_id|>",
    "<|eot_id|>", "<|begin_of_text|>", "<|assistant|>", "<|user|>", "<|system|>", "<|endoftext|>",
    "<|end|>", "<|START_OF_TURN_TOKEN|>", "<\uff5cAssistant\uff5c>", "<\uff5cUser\uff5c>",
)  # fmt: skip
_OURS_BY = "tokenizer.apply_chat_template, with Gemma's"
_OURS = {"gemma4": ("<start_of_turn>", "<end_of_turn>"), "gemma": ("<|turn>", "<turn|>")}
_ROLES = {"user", "model", "system", "developer", "tool"}
_SCANNED = 64  # rows to decode


def template_is_the_models(subject: Subject) -> CheckResult:
    """Check that the chat template writes this model's turn marks and no other family's."""
    template = getattr(tokenizer_of(subject), "chat_template", None)
    if not isinstance(template, str):
        if tokenizer_of(subject) is None:
            return not_run(NO_TOKENIZER)
        return does_not_apply("the tokenizer has no chat template")
    marks = turn_marks(model_type_of(subject))
    foreign = [mark for mark in _foreign(subject) if mark in template]
    help = "the chat_template of the checkpoint's own instruction-tuned model"
    if foreign:
        figure = f"the chat template writes {foreign[0]}, another model's mark"
        if _has_own_row(subject, foreign[0]):
            return warned(
                f"{figure}; it has a token and an embedding here, so it may be meant", help=help
            )
        return failed(figure, help=help)
    if marks and marks.start not in template:
        return warned(f"the chat template does not write {marks.start}", help=help)
    return passed(f"writes {marks.start}" if marks else "no foreign marks")


def text_is_the_models(subject: Subject) -> CheckResult:
    """Check the rows for other models' marks, broken marks and unknown roles."""
    if tokenizer_of(subject) is None or not hasattr(tokenizer_of(subject), "decode"):
        return not_run(NO_TOKENIZER)
    rows = list(rows_of(subject))
    if not rows:
        return does_not_apply(NO_ROWS)
    found = [bad for batch, row in rows if (bad := _bad_marks(subject, batch, row))]
    if not found:
        return passed("no foreign or broken marks", where=show_row(subject, *rows[0]))
    worst = next((item for item in found if item.outcome is Outcome.FAIL), found[0])
    if worst.outcome is Outcome.FAIL and len(found) * 2 < len(rows):
        figure = f"{worst.figure}, in {len(found)} of {len(rows)} rows"
        return warned(figure, where=worst.where, help=worst.help)
    return worst


def _bad_marks(subject: Subject, batch: Mapping[str, Any], row: int) -> CheckResult | None:
    start, end = span(batch, row)
    text = decode(subject, batch["input_ids"][row, start:end].tolist())
    for mark in _foreign(subject):
        if mark in text:
            where = f"row {row}: ...{_around(text, mark)}..."
            figure = f"the text holds {mark}, another model's mark"
            if _has_own_row(subject, mark):
                return warned(
                    f"{figure}; it has a token here, so it may be meant", where=where, help=_OURS_BY
                )
            return failed(figure, where=where, help=_OURS_BY)
    if text.rstrip().endswith("</s>") and getattr(tokenizer_of(subject), "eos_token", "") != "</s>":
        return failed(
            "the text ends with </s>, another model's stop",
            where=show_row(subject, batch, row),
            help="tokenizer.eos_token at the end of each text",
        )
    marks = marks_of(subject)
    if marks is None:
        return None
    if marks[0].start in text and not bool((batch["input_ids"][row] == marks[1]).any()):
        return failed(
            f"{marks[0].start} is in the text, and not as one token",
            where=f"row {row}: ...{_around(text, marks[0].start)}...",
            help="the tokenizer of this model, which has the mark as a token",
        )
    return _of_turn_in_turn(subject, batch, row) or _bad_role(subject, batch, row)


def _of_turn_in_turn(subject: Subject, batch: Mapping[str, Any], row: int) -> CheckResult | None:
    """Judge a turn that begins with the start of another one: a chat was formatted twice."""
    marks, bos = marks_of(subject), token_id(subject, "bos_token_id")
    ids = batch["input_ids"][row].tolist()
    for turn in turns_in(subject, batch, row):
        begun = [at for at in ids[turn.start : turn.start + 2] if at != bos]
        if marks is not None and begun and begun[0] == marks[1] and not turn.is_complete:
            return failed(
                f"a turn of the {turn.role} begins with {marks[0].start}: the chat template was "
                "put over text that had it already",
                where=place(subject, batch, row, turn.start),
                help="apply_chat_template once, on the messages and not on its own text",
            )
    return None


def _bad_role(subject: Subject, batch: Mapping[str, Any], row: int) -> CheckResult | None:
    for turn in turns_in(subject, batch, row):
        where = place(subject, batch, row, max(0, turn.start - 1))
        if turn.role == "assistant":
            return failed(
                "a turn is marked 'assistant'; Gemma's answers are marked 'model'",
                where=where,
                help="tokenizer.apply_chat_template, or write <start_of_turn>model",
            )
        if turn.role not in _ROLES and turn.end > turn.start:
            return warned(
                f"a turn is marked {turn.role[:20]!r}, a role no Gemma knows",
                where=where,
                help="'user' and 'model' in the text; apply_chat_template writes them",
            )
    return None


def _foreign(subject: Subject) -> tuple[str, ...]:
    return (*_FOREIGN, *_OURS["gemma4" if model_type_of(subject).startswith("gemma4") else "gemma"])


def _has_own_row(subject: Subject, mark: str) -> bool:
    """Return whether the mark is one token that was added on purpose."""
    return mark in getattr(tokenizer_of(subject), "get_added_vocab", dict)()


def _around(text: str, mark: str) -> str:
    at = text.index(mark)
    return text[max(0, at - 40) : at + len(mark) + 40].replace("\n", "\\n")


def show_row(subject: Subject, batch: Mapping[str, Any], row: int) -> str:
    """Return the middle of a row, around the first token that is trained."""
    labels = batch.get("labels")
    trained = (
        (labels[row] != -100).nonzero().flatten().tolist()
        if getattr(labels, "shape", None) == batch["input_ids"].shape and labels is not None
        else []
    )
    return place(subject, batch, row, trained[0] if trained else span(batch, row)[0])


def rows_of(subject: Subject, limit: int = _SCANNED) -> Iterator[tuple[Any, int]]:
    """Yield batch and row, the run's own batch first; only batches with two-dimensional ids."""
    seen = 0
    for batch in (subject.batch, *subject.scanned[1:]):
        ids = batch.get("input_ids") if hasattr(batch, "get") else None
        if getattr(ids, "ndim", 0) != 2:
            continue
        assert ids is not None
        for row in range(len(ids)):
            if seen == limit:
                return
            seen += 1
            yield batch, row
