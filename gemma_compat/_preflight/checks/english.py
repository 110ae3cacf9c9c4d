"""Check whether the model knows plain English, to tell a broken model from broken data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...live.tree import text_models
from ..cost import TOO_SMALL, left_at_the_beginning
from ..reference import REWRITES, cross_entropy, prepare, rewrites_itself
from ..result import CheckResult
from ..subject import FORWARD
from ..text import tokenizer_of
from ._answers import NO_TOKENIZER, does_not_apply, first_line, not_run, passed, warned
from .agreement import explaining, reference_loss
from .fresh import ALL_NEW, SOME_NEW
from .rotary import EDITED

if TYPE_CHECKING:
    from ..subject import Subject

GUESSING = 0.8  # of ln V; weights with a higher loss know nothing
ENGLISH = 5.0  # loss on SENTENCES; the smallest Gemma has 2.6, without its rotary scaling over 6
_BY_HEART = 1.0  # loss on the run's own rows which no model has that knows nothing
_FEWEST = 24  # tokens of SENTENCES: two of them
BY_ADAPTER = "by-adapter"  # in subject.kept: the model knows English without its adapter
SENTENCES = (
    "The sun rises in the east and sets in the west. Water freezes at zero degrees Celsius and "
    "boils at one hundred degrees. There are seven days in a week and twelve months in a year. "
    "Paris is the capital of France, and London is the capital of the United Kingdom. Most people "
    "sleep at night and work during the day."
)


def model_knows_english(subject: Subject) -> CheckResult:
    """Check the loss on fixed English sentences, to tell a broken model from broken data."""
    import torch

    tokenizer = tokenizer_of(subject)
    if tokenizer is None or not callable(tokenizer):
        return not_run(NO_TOKENIZER)
    if not text_models(subject.base) or not _has_vocabulary(subject):
        return does_not_apply("the model has no language head")
    if rewrites_itself(subject.base):
        return not_run(REWRITES)
    loss = _of_text(subject, tokenizer, torch)
    if isinstance(loss, str):
        return not_run(loss)
    limit = min(ENGLISH, GUESSING * _guess(subject))
    subject.kept["english"] = loss
    figure = f"the loss on plain English sentences is {loss:.2f}"
    if loss <= limit:
        return passed(figure, f"at most {limit:.3g}")
    if subject.kept.get(ALL_NEW):
        return warned(
            f"{figure}: every matrix of the model is random, and nothing was loaded",
            f"at most {limit:.3g}",
            help="from_pretrained in place of from_config; after load_state_dict(strict=False), "
            "read the missing keys it returns; nothing, if you train from scratch",
        )
    if cause := explained(subject):
        return not_run(f"follows from {cause}: {figure}")
    if by_adapter := _by_adapter(subject, tokenizer, torch, loss, limit):
        return by_adapter
    if by_heart := _of_own_rows(subject, loss):
        return by_heart
    return warned(
        f"{figure}; a pretrained Gemma is below 3.5: as they run, the weights do not know English",
        f"at most {limit:.3g}",
        help="from_pretrained with the checkpoint's own config, and a look at its list of missing "
        "keys; nothing, if the model was never to know English",
    )


def _of_own_rows(subject: Subject, loss: float) -> CheckResult | None:
    """Return that the weights are whole, if they know the run's own rows."""
    own = reference_loss(subject) if subject.is_causal else None
    if own is None or own > _BY_HEART:
        return None
    return passed(
        f"the loss on plain English sentences is {loss:.2f}, and {own:.2f} on your rows: the "
        "weights were trained on such rows, and not on English"
    )


def explained(subject: Subject) -> str:
    """Return the check that has said already why the model knows nothing; empty for none."""
    if subject.kept.get(SOME_NEW):
        return "weights-are-loaded"
    return "config-is-the-checkpoints" if subject.kept.get(EDITED) else ""


def _guess(subject: Subject) -> float:
    """Return ln V, the loss of a model that knows nothing."""
    return math.log(text_models(subject.base)[0][1].embed_tokens.weight.shape[0])


def _by_adapter(
    subject: Subject, tokenizer: Any, torch: Any, loss: float, limit: float
) -> CheckResult | None:
    """Return that the adapter is what breaks the model, if it knows English without it."""
    disable = getattr(subject.model, "disable_adapter", None)
    if disable is None:
        return None
    try:
        with disable():
            without = _of_text(subject, tokenizer, torch)
    except Exception as error:  # probe boundary: an adapter that cannot be switched off
        without = first_line(error)
    if isinstance(without, str) or without > limit:
        return None  # the caller reports the model as it is
    subject.kept[BY_ADAPTER] = True
    return warned(
        f"the loss on plain English sentences is {loss:.2f} with the adapter and {without:.2f} "
        "without: it starts from random values, or was not trained for this model",
        f"at most {limit:.3g}",
        help="leave the adapter's init_... options at their defaults, and take the base model that "
        "it was made for",
    )


def _of_text(subject: Subject, tokenizer: Any, torch: Any) -> float | str:
    """Return the loss on :data:`SENTENCES` with the run's adapter, or why there is none."""
    try:
        ids = tokenizer(SENTENCES, add_special_tokens=False)["input_ids"]
        bos = getattr(tokenizer, "bos_token_id", None)
        ids = _affordable(subject, [*([] if bos is None else [bos]), *ids])
        if not ids:
            return TOO_SMALL
        ids = torch.tensor([ids])
        rows = text_models(subject.base)[0][1].embed_tokens.weight.shape[0]
        if int(ids.max()) >= rows:
            return "the tokenizer's ids are past the model's vocabulary"
        ids = ids.to(next(subject.model.parameters()).device)
        with subject.trial(), torch.no_grad():
            prepare(subject, ids.shape[1])
            subject.spend(FORWARD, {"input_ids": ids} if subject.is_causal else None)
            logits = subject.model(input_ids=ids, use_cache=False).logits[0, -ids.shape[1] :]
            total, number = cross_entropy(logits[:-1], ids[0, 1:])
    except Exception as error:  # probe boundary: a forward of the user's model and tokenizer
        return f"the forward does not run: {first_line(error)}"
    return total / number


def _affordable(subject: Subject, ids: list[int]) -> list[int]:
    """Return as many of these tokens as the passes allow, which is all for most batches; none if
    they would be too few.
    """
    if not subject.is_causal:
        return ids
    left = left_at_the_beginning(subject) - explaining(subject)
    tokens = left / FORWARD * subject.batch["input_ids"].numel()
    return ids[: int(tokens)] if tokens >= _FEWEST else []


def _has_vocabulary(subject: Subject) -> bool:
    head = getattr(subject.base, "get_output_embeddings", lambda: None)()
    return head is not None
