"""Check where prompt and answer were joined, and what of the answer is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ..samples import is_packed, span, two_dimensional
from ..text import decode, marks_of, place, stops_of, token_id
from . import edges, masks
from ._answers import NO_ANSWERS, count, does_not_apply, failed, passed, warned
from .text import rows_of

if TYPE_CHECKING:
    from ..subject import Subject

_MOST = 0.5  # of the rows looked at


def answers_are_joined(subject: Subject) -> CheckResult:
    """Check for marks between prompt and answer that generation never puts there."""
    if not subject.is_causal or is_packed(subject.batch):
        return does_not_apply("needs rows of one sample, with labels of tokens")
    joints = [joint for batch, row in rows_of(subject) if (joint := _joint(batch, row))]
    found = _of_two_stops(subject) or masks.of_characters(subject) or _of_stop_only(subject, joints)
    if found is not None:
        return found
    if not joints:
        return does_not_apply(NO_ANSWERS)
    return (
        _of_bos(subject, joints)
        or _of_eos(subject, joints)
        or edges.of_first_word(subject)
        or edges.of_prompt(subject)
        or passed(f"nothing stands between prompt and answer in {count(len(joints), 'row')}")
    )


def _joint(batch: Any, row: int) -> tuple[Any, int, int] | None:
    """Return batch, row and the first trained token, if a prompt is masked in front of it."""
    labels = two_dimensional(batch, "labels")
    start, _ = span(batch, row)
    trained = [] if labels is None else (labels[row] != -100).nonzero().flatten().tolist()
    if not trained or len(set(batch["input_ids"][row, start : trained[0]].tolist())) < 2:
        return None  # padding alone is in front
    return batch, row, trained[0]


def _of_bos(subject: Subject, joints: list[Any]) -> CheckResult | None:
    """Judge a second ``<bos>`` at the first trained token: the answer was encoded by itself."""
    bos = token_id(subject, "bos_token_id")
    bad = [(batch, row, at) for batch, row, at in joints if _begins_with(batch, row, at, bos)]
    if len(bad) <= _MOST * len(joints):
        return None
    return failed(
        f"the answer begins with its own <bos> in {len(bad)} of {len(joints)} rows",
        where=place(subject, *bad[0]),
        help="tokenizer(answer, add_special_tokens=False)",
    )


def _begins_with(batch: Any, row: int, at: int, bos: int | None) -> bool:
    """Return whether the answer begins with a ``<bos>``, and the prompt has one too."""
    ids = batch["input_ids"][row, : at + 1].tolist()
    return bos is not None and bos in ids[-2:] and ids.count(bos) > 1


def _of_eos(subject: Subject, joints: list[Any]) -> CheckResult | None:
    """Judge an ``<eos>`` that ends the prompt: generation stops there, before the answer."""
    eos = token_id(subject, "eos_token_id")
    marks = marks_of(subject)
    if eos is None or (marks is not None and eos == marks[2]):
        return None
    bad = [item for item in joints if int(item[0]["input_ids"][item[1], item[2] - 1]) == eos]
    if len(bad) <= _MOST * len(joints):
        return None
    batch, row, at = bad[0]
    return failed(
        f"<eos> stands before the answer in {len(bad)} of {len(joints)} rows: the model learns "
        "to go on after it",
        where=place(subject, batch, row, at - 1),
        help="no eos_token at the end of the prompt; one at the end of the answer",
    )


def _of_stop_only(subject: Subject, rows: list[Any]) -> CheckResult | None:
    """Warn of answers of which the stop alone is trained, and no word."""
    stops = stops_of(subject)
    bad = [item for item in rows if _trains_no_word(subject, item[0], item[1], stops)]
    if not bad or len(bad) <= _MOST * len(rows):
        return None
    return warned(
        f"only the end of the answer is trained in {len(bad)} of {len(rows)} rows, and no word",
        where=place(subject, *bad[0]),
        help="labels of the whole answer; the mask for the prompt goes too far",
    )


def _trains_no_word(subject: Subject, batch: Any, row: int, stops: set[int]) -> bool:
    labels = batch["labels"][row]
    words = [int(label) for label in labels[labels != -100] if int(label) not in stops]
    return len(words) < 3 and not decode(subject, words).strip()


def _of_two_stops(subject: Subject) -> CheckResult | None:
    """Warn of an end of turn that stands twice in a row."""
    marks = marks_of(subject)
    if marks is None:
        return None
    rows = list(rows_of(subject))
    bad = []
    for batch, row in rows:
        ends = batch["input_ids"][row].eq(marks[2])
        twice = (ends[1:] & ends[:-1]).nonzero().flatten().tolist()
        bad += [(batch, row, twice[0])] if twice else []
    if len(bad) <= _MOST * len(rows):
        return None
    return warned(
        f"{marks[0].end} stands twice in a row in {len(bad)} of {len(rows)} rows",
        where=place(subject, *bad[0]),
        help=f"no {marks[0].end} in the text itself; the template writes it",
    )
