"""Check whether tokenizer and model belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ..text import decode, place, text_config_of, tokenizer_of
from ._answers import NO_ROWS, NO_TOKENIZER, count, does_not_apply, not_run, passed, warned
from .text import rows_of

if TYPE_CHECKING:
    from ..subject import Subject

_UNKNOWN = 0.1  # share of tokens; Gemma's own tokenizer spells what it does not know in bytes


def tokens_are_known(subject: Subject) -> CheckResult:
    """Check that the tokenizer is the model's, and wrote the rows that are trained on."""
    tokenizer = tokenizer_of(subject)
    if tokenizer is None or not hasattr(tokenizer, "__len__"):
        return not_run(NO_TOKENIZER)
    rows = list(rows_of(subject))
    if not rows:
        return does_not_apply(NO_ROWS)
    found = _past_the_tokenizer(subject, tokenizer, rows) or _unknown(subject, tokenizer, rows)
    return (
        found or _marks(subject, tokenizer) or passed("the tokenizer has every token of the rows")
    )


def _past_the_tokenizer(subject: Subject, tokenizer: Any, rows: list[Any]) -> CheckResult | None:
    """Warn of ids that this tokenizer never writes."""
    get: Any = getattr(tokenizer, "get_vocab", dict)
    size = 1 + max(get().values(), default=len(tokenizer) - 1)
    for batch, row in rows:
        past = (batch["input_ids"][row] >= size).nonzero().flatten().tolist()
        if past:
            number = int(batch["input_ids"][row, past[0]])
            return warned(
                f"the rows hold token {number}, and the tokenizer's last is {size - 1}: "
                "another tokenizer wrote them",
                where=place(subject, batch, row, past[0]),
                help="encode the rows with the tokenizer of this model",
            )
    return None


def _unknown(subject: Subject, tokenizer: Any, rows: list[Any]) -> CheckResult | None:
    """Warn of words that became the unknown token."""
    unknown = getattr(tokenizer, "unk_token_id", None)
    if not isinstance(unknown, int) or unknown == getattr(tokenizer, "pad_token_id", None):
        return None
    places = [
        (batch, row, at)
        for batch, row in rows
        for at in batch["input_ids"][row].eq(unknown).nonzero().flatten().tolist()
    ]
    total = sum(int(batch["input_ids"][row].numel()) for batch, row in rows)
    if len(places) <= _UNKNOWN * total:
        return None
    return warned(
        f"{len(places)} of {count(total, 'token')} are {decode(subject, [unknown])}: words that "
        "the tokenizer does not know",
        where=place(subject, *places[0]),
        help="the tokenizer of this model, which knows every word",
    )


def _marks(subject: Subject, tokenizer: Any) -> CheckResult | None:
    """Compare the ids of ``<bos>`` in tokenizer and model."""
    theirs = getattr(text_config_of(subject), "bos_token_id", None)
    ours = getattr(tokenizer, "bos_token_id", None)
    if not isinstance(theirs, int) or not isinstance(ours, int) or ours == theirs:
        return None
    return warned(
        f"<bos> is token {ours} to the tokenizer and {theirs} to the model: it is another model's "
        "tokenizer",
        help="AutoTokenizer.from_pretrained with the name of the model",
    )
