"""Check whether the labels train the tokens themselves, and no padding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ..samples import span, two_dimensional
from ..text import decode, place, token_id
from ._answers import NOT_TOKENS, does_not_apply, failed, not_run, passed, warned
from .masks import over_answers, over_answers_of_rows

if TYPE_CHECKING:
    from ..subject import Subject

_NOTHING = (
    "a longer max_length where answers are cut off, else the mask that leaves prompts out: it "
    "matches nothing, or everything"
)


def labels_train(subject: Subject) -> CheckResult:
    """Check that each row has a label that is not masked (-100)."""
    if not subject.is_causal:
        return does_not_apply(NOT_TOKENS)
    labels = subject.batch["labels"]
    trained = (labels[:, 1:] != -100).sum(dim=1).tolist()
    empty = [row for row, number in enumerate(trained) if not number]
    if len(empty) == len(trained):
        why, help = over_answers(subject) or (_why_empty(subject), _NOTHING)
        return failed(
            f"every label is -100: nothing is trained{why}",
            where=place(subject, subject.batch, 0, span(subject.batch, 0)[1] - 1),
            help=help,
        )
    figure = f"{sum(trained)} of {labels[:, 1:].numel()} labels are trained"
    if empty:
        return warned(
            f"{figure}; {len(empty)} of {len(trained)} rows train nothing" + _why_empty(subject),
            where=place(subject, subject.batch, empty[0], span(subject.batch, empty[0])[1] - 1),
            help=over_answers_of_rows(subject)
            or "a longer max_length, or rows without an answer left out",
        )
    return passed(figure)


def _why_empty(subject: Subject) -> str:
    """Return the reason if all rows end at the maximal length: they were cut off there."""
    ends = {span(subject.batch, row)[1] for row in range(len(subject.batch["labels"]))}
    limit = subject.value("max_length") or subject.value("max_seq_length")
    if limit and ends == {limit}:
        return f" (every row is cut at max_length={limit}, before its answer)"
    return ""


def labels_are_the_tokens(subject: Subject) -> CheckResult:
    """Check that each trained label is the token at its place, since the model shifts labels."""
    if not subject.is_causal:
        return does_not_apply(NOT_TOKENS)
    if getattr(subject.base.config, "is_encoder_decoder", False):
        return does_not_apply("an encoder's tokens are not what the decoder is trained on")
    ids, labels = subject.batch["input_ids"], subject.batch["labels"]
    trained = labels != -100
    wrong = trained & (labels != ids)
    number, total = int(wrong.sum()), int(trained.sum())
    if not number:
        return passed(f"{total} labels are the tokens at their places")
    where = place(subject, subject.batch, *wrong.nonzero()[0].tolist())
    figure = f"{number} of {total} labels are not the token at their place"
    for shift, what in ((1, "next"), (-1, "previous")):
        moved = ids.roll(-shift, dims=1)
        if bool((labels == moved)[wrong].float().mean() > 0.9):
            return _shifted(subject, f"{figure}, but the {what} one", where)
    if (mask := token_id(subject, "mask_token_id")) and bool(
        (ids[wrong] == mask).float().mean() > 0.5
    ):
        return failed(
            f"{figure}, but {decode(subject, [mask])}: the collator trains a model to fill gaps",
            where=where,
            help="DataCollatorForLanguageModeling(tokenizer, mlm=False)",
        )
    if bool((labels[wrong] == 0).all()):
        return failed(
            f"{number} labels are 0 where the token is another: 0 is the padding token, and it is "
            "trained",
            where=where,
            help="mask labels with -100, not with 0",
        )
    return failed(figure, where=where, help="labels = input_ids.clone(), with -100 where masked")


def _shifted(subject: Subject, figure: str, where: str) -> CheckResult:
    """Judge shifted labels: a script's own loss may want them, the model's never does."""
    from .agreement import has_own_loss

    help = "labels = input_ids, unshifted: the model shifts them"
    if has_own_loss(subject):
        return warned(f"{figure}; right only if your loss does not shift", where=where, help=help)
    return failed(f"{figure}: they are shifted twice", where=where, help=help)


def padding_is_masked(subject: Subject) -> CheckResult:
    """Check that padding is neither attended to nor trained, and all else is attended to."""
    if not subject.is_causal:
        return does_not_apply(NOT_TOKENS)
    pad = token_id(subject, "pad_token_id")
    if pad is None:
        return not_run("neither tokenizer nor config names a pad token")
    mask = two_dimensional(subject.batch, "attention_mask")
    ids, labels = subject.batch["input_ids"], subject.batch["labels"]
    if mask is not None and not bool((mask != 0).all()):
        return _masked(subject, mask == 0, pad)
    left, right = _runs(ids, pad)
    if pad == token_id(subject, "eos_token_id"):  # the first one ends the text
        right[:, 1:] &= right[:, :-1].clone()
    if not (left | right).any():
        return passed("the batch holds no padding")
    trained = (left | right) & (labels != -100)
    if trained.any() and pad != token_id(subject, "eos_token_id"):
        return _trained_padding(subject, trained)
    where = place(subject, subject.batch, *(left | right).nonzero()[0].tolist())
    help = "pass the tokenizer's attention_mask on to the model"
    if left.any():
        return failed("padding on the left is attended to", where=where, help=help)
    return warned(
        "padding on the right is attended to; it changes no label here, and it will in generation",
        where=where,
        help=help,
    )


def _masked(subject: Subject, hidden: Any, pad: int) -> CheckResult:
    ids, labels = subject.batch["input_ids"], subject.batch["labels"]
    stops = {pad, token_id(subject, "eos_token_id")}
    filler = sum(ids.eq(stop) for stop in stops if stop is not None) > 0
    for row in range(len(ids)):  # one repeated token under the mask is padding too
        if len(set(ids[row][hidden[row]].tolist())) == 1 and int(hidden[row].sum()) > 1:
            filler[row] |= hidden[row]
    text = hidden & ~filler
    left, right = _runs(ids, pad)
    open_padding = (left | right) & ~hidden
    if int(text.sum()) > int(hidden.sum()) / 2 and (open_padding.any() or text.sum() > 1):
        spot = text.nonzero()[0].tolist()
        inverted = open_padding.any() and int(open_padding.sum()) >= int((left | right).sum()) / 2
        return failed(
            "attention_mask is inverted: it hides the text and shows the padding"
            if inverted
            else f"attention_mask hides {int(text.sum())} tokens that are not padding",
            where=place(subject, subject.batch, *spot),
            help="attention_mask is 1 for text and 0 for padding",
        )
    trained = hidden & filler & (labels != -100)
    if trained.any():
        return _trained_padding(subject, trained)
    return passed(f"{int(hidden.sum())} tokens of padding, neither attended to nor trained")


def _trained_padding(subject: Subject, trained: Any) -> CheckResult:
    number, total = int(trained.sum()), int((subject.batch["labels"] != -100).sum())
    return failed(
        f"{number} of {total} labels are padding: the model is trained to write it",
        where=place(subject, subject.batch, *trained.nonzero()[0].tolist()),
        help="labels[attention_mask == 0] = -100",
    )


def _runs(ids: Any, pad: int) -> tuple[Any, Any]:
    """Return the padding at the beginning of each row, and that at its end."""
    is_pad = ids.eq(pad).int()
    left = is_pad.cumprod(dim=1).bool()
    right = is_pad.flip(1).cumprod(dim=1).flip(1).bool()
    return left, right
