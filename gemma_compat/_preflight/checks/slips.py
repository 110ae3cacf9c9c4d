"""Find the slip in a loss that the script computes itself, by making the usual ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import passes
from ..cost import TOO_SMALL, left_after_the_loss
from ..result import CheckResult
from ..samples import shortened
from ._answers import failed, first_line, not_run, passed, warned
from .agreement import apart, run_of, without

if TYPE_CHECKING:
    from ..subject import Subject

_UNMADE = f"the direction of its gradient was not looked at: {TOO_SMALL}"
_FEWEST = 16  # tokens whose gradients tell a direction
_BELOW = -0.5  # of a loss; a bonus for entropy may take a small one below 0
_KL = (
    "kl_div(student.log_softmax(-1), teacher.softmax(-1)): its first argument is log-probabilities"
)
_AGAINST = -0.05  # cosine of two gradients below which a step on one raises the other's loss


def of_own_loss(
    subject: Subject, loss: float, reference: float, limit: float, figure: str, tolerance: str
) -> CheckResult:
    """Return what is wrong with the script's own loss; a pass if it may be meant.

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
    logits = logits_of(subject)
    labels, ids = subject.batch["labels"], subject.batch["input_ids"]
    subject.kept.pop("logits")  # as large as a vocabulary for each token
    for make, what, help in () if isinstance(logits, str) else _SLIPS:
        value = make(logits, labels, ids)
        if value is not None and apart(loss, value) <= limit:
            tell = warned if make is _over_masked else failed  # some divide so on purpose
            return tell(f"{figure}: {what}", tolerance, help=help)
    # On rows that the model knows, smoothed labels raise the loss on purpose.
    smoothed = subject.value("label_smoothing_factor")
    cosine = _UNMADE if smoothed else _direction(subject)
    against = cosine if isinstance(cosine, float) and cosine < _AGAINST else None
    if against is not None or loss < _BELOW:
        return _of_sign(loss, against, figure, tolerance)
    if isinstance(logits, str):
        return not_run(f"{figure}: usual slips cannot be looked for, since {logits}")
    figure = f"{figure}; the run computes its own loss, and the network is right"
    return passed(f"{figure}; {cosine}" if isinstance(cosine, str) and not smoothed else figure)


def _of_sign(loss: float, cosine: float | None, figure: str, tolerance: str) -> CheckResult:
    """Warn of a loss below 0, or of one whose steps raise the loss of the tokens (``cosine``)."""
    if cosine is None:
        return warned(
            f"{figure}; it is negative, which no cross entropy, divergence or squared error is",
            tolerance,
            help=f"{_KL}; nothing, if rewards or a bonus are part of it",
        )
    negative = ", and it is negative, which no cross entropy or divergence is"
    return warned(
        f"{figure}; a step on it raises the loss of the tokens (cosine of the gradients "
        f"{cosine:.2f}){negative if loss < 0.0 else ''}",
        tolerance,
        help=f"{_KL}; else the sign of each term of your loss"
        if loss < 0.0
        else "look at the sign of each term of your loss",
    )


def logits_of(subject: Subject) -> Any:
    """Return the model's logits for the batch without its labels, or why there are none."""
    if "logits" not in subject.kept:
        subject.kept["logits"] = _logits(subject)
    return subject.kept["logits"]


def _logits(subject: Subject) -> Any:
    import torch

    try:
        with subject.trial(), torch.no_grad():
            passes.prepare(subject, checkpointing=False)
            given = without(subject.batch, "labels")
            logits = subject.call(given, **subject.arguments()).logits
    except Exception as error:  # probe boundary: the user's model, which may need labels
        return f"the model without labels raises {first_line(error)}"
    if getattr(logits, "shape", ())[:2] != subject.batch["labels"].shape:
        return "the model without labels gives no logits for each of its tokens"
    return logits


def _mean(logits: Any, wanted: Any) -> float | None:
    """Return the mean cross entropy of the labels that are not masked; ``None`` without any."""
    from ..reference import cross_entropy

    total, number = cross_entropy(logits.flatten(0, 1), wanted.flatten())
    return total / number if number else None


def shifted(logits: Any, labels: Any) -> float | None:
    """Return the mean loss of each label against the token before it; ``None`` without labels."""
    return _mean(logits[:, :-1], labels[:, 1:])


def _two_on(logits: Any, labels: Any, ids: Any) -> float | None:
    return _mean(logits[:, :-2], labels[:, 2:])


def _before(logits: Any, labels: Any, ids: Any) -> float | None:
    return _mean(logits[:, 1:], labels[:, :-1])


def _clamped(logits: Any, labels: Any, ids: Any) -> float | None:
    return _mean(logits[:, :-1], labels[:, 1:].clamp(min=0))


def _all_tokens(logits: Any, labels: Any, ids: Any) -> float | None:
    return _mean(logits[:, :-1], ids[:, 1:])


def _over_masked(logits: Any, labels: Any, ids: Any) -> float | None:
    found = shifted(logits, labels)
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


def _direction(subject: Subject) -> float | str:
    """Return the cosine of the gradients of the run's loss and of the tokens', or why it was not
    tried. On a part of the batch it takes two passes of that, on the whole only one.
    """
    left, ours, part = left_after_the_loss(subject), run_of(subject), subject
    if left < 1.0:
        tokens = int(left / 2 * subject.batch["input_ids"].numel())
        if tokens < _FEWEST:
            return _UNMADE
        part = replace(subject, batch=shortened(subject.batch, tokens))
        ours = passes.run_pass(part, checkpointing=True)
        subject.spend(1.0, part.batch)
    plain = passes.run_pass(replace(part, trainer=None), checkpointing=True)
    subject.spend(1.0, part.batch)
    for found in (ours, plain):
        if found.error is not None:
            return f"the direction of its gradient is not known: {first_line(found.error)}"
    return _cosine(ours.sample, plain.sample)


def _cosine(ours: dict[str, Any], theirs: dict[str, Any]) -> float | str:
    names = [name for name in ours if name in theirs]
    product = sum(float((ours[name] * theirs[name]).sum()) for name in names)
    sizes = [sum(float((s[n] ** 2).sum()) for n in names) ** 0.5 for s in (ours, theirs)]
    return product / (sizes[0] * sizes[1]) if all(sizes) else "one of the gradients is zero"
