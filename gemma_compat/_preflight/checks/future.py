"""Check whether a token sees the tokens that it is to predict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..cost import TOO_SMALL, left_before_the_reference
from ..precision import precision_of
from ..reference import REWRITES, prepare, rewrites_itself
from ..result import CheckResult
from ..samples import has_pictures, span
from ..subject import FORWARD
from ..text import model_type_of, text_config_of
from ._answers import NOT_TOKENS, does_not_apply, failed, first_line, not_run, passed
from .agreement import explaining
from .packing import LEAK

if TYPE_CHECKING:
    from ..subject import Subject

_LONGEST, _FEWEST = 24, 4  # tokens of the row to look at
_BOTH_WAYS = ("paligemma", "diffusion", "t5gemma")  # a prefix, a block or an encoder


def the_future_is_hidden(subject: Subject) -> CheckResult:
    """Change the last tokens of a row, and check that the logits before them stay.

    With eager attention and no mask from outside, so that what the reference shares is seen;
    ``loss-agrees`` compares it with the run.
    """
    if not subject.is_causal:
        return not_run(NOT_TOKENS)
    if rewrites_itself(subject.base):
        return not_run(REWRITES)
    if getattr(subject.base.config, "is_encoder_decoder", False) or _sees_both_ways(subject):
        return does_not_apply("a model of this type rightly sees both ways")
    if has_pictures(subject.batch):
        return does_not_apply("tokens of an image rightly see each other")
    length = _affordable(subject)
    if length < _FEWEST:
        return not_run(TOO_SMALL)
    try:
        moved = _moved(subject, length)
    except Exception as error:  # probe boundary: a forward of the user's model
        return not_run(f"the forward does not run: {first_line(error)}")
    limit = LEAK[precision_of(subject)]
    figure = f"a changed token moves the logits before it by {moved:.2g}"
    if moved <= limit:
        return passed(figure, f"at most {limit:g} of the largest")
    flag = getattr(text_config_of(subject), "use_bidirectional_attention", None)
    why = f" (use_bidirectional_attention={flag!r})" if flag else ""
    return failed(
        f"{figure}: each token sees the tokens that it is to predict{why}, and learns to copy them",
        f"at most {limit:g} of the largest",
        help="use_bidirectional_attention=False in from_pretrained"
        if flag
        else "the attention and the masks of the library, and no forward of your own around them",
    )


def _moved(subject: Subject, length: int) -> float:
    """Return how far the logits of the first half move with the tokens of the second, as a share of
    the largest.
    """
    import torch

    start, _ = span(subject.batch, 0)
    ids = subject.batch["input_ids"][:1, start : start + length]
    other, seen = ids.clone(), length // 2
    rows = int(subject.base.get_input_embeddings().weight.shape[0])
    other[:, seen:] = (other[:, seen:] + 7) % max(1, rows - 11) + 10
    logits = []
    for given in (ids, other):
        with subject.trial(), torch.no_grad():
            prepare(subject, length)
            subject.spend(FORWARD, {"input_ids": given})
            found = subject.model(input_ids=given, use_cache=False).logits[0, -length:]
            logits.append(found[:seen].float())
    return float((logits[0] - logits[1]).abs().max() / logits[0].abs().max().clamp(min=1e-9))


def _sees_both_ways(subject: Subject) -> bool:
    return any(kind in model_type_of(subject) for kind in _BOTH_WAYS)


def _affordable(subject: Subject) -> int:
    """Return how many tokens of the row the passes allow."""
    start, end = span(subject.batch, 0)
    left = left_before_the_reference(subject) - explaining(subject)
    tokens = int(left / (2 * FORWARD) * subject.batch["input_ids"].numel())
    return min(_LONGEST, end - start, tokens)
