"""Find the slip in a loss that the script computes itself, by making the usual ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import passes
from ..result import CheckResult
from ._answers import failed, warned
from .agreement import apart, run_of, without

if TYPE_CHECKING:
    from ..subject import Subject

_AGAINST = -0.05  # cosine of two gradients below which a step on one raises the other's loss


def of_own_loss(
    subject: Subject, loss: float, reference: float, limit: float, figure: str, tolerance: str
) -> CheckResult | None:
    """Return what is wrong with the script's own loss; ``None`` if it may be meant.

    The network is known to be right, so the model's own logits are what the script started from.

    Args:
        subject: the trial.
        loss: the run's loss.
        reference: the loss of the tokens.
        limit: how far apart two equal losses may be.
        figure: both losses, as a sentence.
        tolerance: the limit, as a sentence.
    """
    if apart(loss, -reference) <= limit:
        return failed(f"{figure}: its sign is turned", tolerance, help="return loss, not -loss")
    logits = _logits(subject)
    labels, ids = subject.batch["labels"], subject.batch["input_ids"]
    for make, what, help in _SLIPS if logits is not None else ():
        value = make(logits, labels, ids)
        if value is not None and apart(loss, value) <= limit:
            tell = warned if make is _over_masked else failed  # some divide so on purpose
            return tell(f"{figure}: {what}", tolerance, help=help)
    if subject.value("label_smoothing_factor"):
        return None  # on rows that the model knows, it raises the loss on purpose
    return _of_direction(subject, figure, tolerance)


def _logits(subject: Subject) -> Any:
    import torch

    try:
        with subject.trial(), torch.no_grad():
            passes.prepare(subject, checkpointing=False)
            given = without(subject.batch, "labels")
            logits = subject.call(given, **subject.arguments()).logits
    except Exception:  # probe boundary: the user's model without labels, which need not work
        return None
    return logits if logits.shape[:2] == subject.batch["labels"].shape else None


def _mean(logits: Any, wanted: Any) -> float | None:
    """Return the mean cross entropy of the labels that are not masked; ``None`` without any."""
    from ..reference import cross_entropy

    total, number = cross_entropy(logits.flatten(0, 1), wanted.flatten())
    return total / number if number else None


def _two_on(logits: Any, labels: Any, ids: Any) -> float | None:
    return _mean(logits[:, :-2], labels[:, 2:])


def _before(logits: Any, labels: Any, ids: Any) -> float | None:
    return _mean(logits[:, 1:], labels[:, :-1])


def _clamped(logits: Any, labels: Any, ids: Any) -> float | None:
    return _mean(logits[:, :-1], labels[:, 1:].clamp(min=0))


def _all_tokens(logits: Any, labels: Any, ids: Any) -> float | None:
    return _mean(logits[:, :-1], ids[:, 1:])


def _over_masked(logits: Any, labels: Any, ids: Any) -> float | None:
    found = _mean(logits[:, :-1], labels[:, 1:])
    share = float((labels[:, 1:] != -100).float().mean())
    return None if found is None else found * share


def _twice_normalised(logits: Any, labels: Any, ids: Any) -> float | None:
    return _mean(logits[:, :-1].softmax(-1), labels[:, 1:])


def _last(logits: Any, labels: Any, ids: Any) -> float | None:
    return _mean(logits[:, -2:-1], labels[:, -1:])


_SHIFT = "cross_entropy(logits[:, :-1], labels[:, 1:])"
_MASK = "cross_entropy(..., ignore_index=-100), with the labels as they come"
# Each makes the loss that a script with this slip would have.
_SLIPS: tuple[tuple[Callable[[Any, Any, Any], float | None], str, str], ...] = (
    (_two_on, "it is shifted twice: each token predicts the one two tokens on", _SHIFT),
    (_before, "it is shifted backward: each token predicts the one before it", _SHIFT),
    (_clamped, "masked labels (-100) are trained as token 0", _MASK),
    (_all_tokens, "masked labels are trained too: it is the loss of every token", _MASK),
    (_over_masked, "it is divided by all tokens, masked ones too", "divide by (labels != -100)"),
    (
        _twice_normalised,
        "the logits went through softmax before cross_entropy, which does it again",
        "cross_entropy takes the logits themselves",
    ),
    (_last, "it is that of the last token alone", _SHIFT),
)


def _of_direction(subject: Subject, figure: str, tolerance: str) -> CheckResult | None:
    """Warn if a step that lowers the run's loss raises that of the tokens."""
    plain = passes.run_pass(replace(subject, trainer=None), checkpointing=True)
    ours, theirs = run_of(subject).sample, plain.sample
    names = [name for name in ours if name in theirs]
    product = sum(float((ours[name] * theirs[name]).sum()) for name in names)
    sizes = [sum(float((s[n] ** 2).sum()) for n in names) ** 0.5 for s in (ours, theirs)]
    subject.passes += 1.0
    if not all(sizes) or product / (sizes[0] * sizes[1]) >= _AGAINST:
        return None
    return warned(
        f"{figure}; a step on it raises the loss of the tokens (cosine of the gradients "
        f"{product / (sizes[0] * sizes[1]):.2f})",
        tolerance,
        help="look at the sign of each term of your loss",
    )
