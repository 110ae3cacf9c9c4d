"""Keep the whole of preflight below four passes of the run's batch, however small the batch is.

The step, its reference and the comparisons that the run itself makes necessary (checkpointing,
accumulation, evaluation) are always made. What else may be asked has what those leave over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .passes import is_checkpointing, short_of, wants_checkpointing
from .samples import neighbours, shortened
from .subject import FORWARD

if TYPE_CHECKING:
    from .subject import Subject

LIMIT = 4.0  # passes
TOO_SMALL = f"the batch is so small that this would take the cost past {LIMIT:g} passes"
_PAIR = 64  # tokens of two packed samples that always show whether one sees the other
LARGE = 512  # tokens of a batch of which a part is enough to see a factor
_FEWEST = 8  # tokens that show it
_MARGIN = 0.05  # passes; counts are of tokens, and rows are cut to whole ones


def left_at_the_beginning(subject: Subject) -> float:
    """Return the passes left over before the run's step and its reference were made."""
    packed = neighbours(subject.batch) is not None
    pair = 2 * FORWARD * _PAIR / subject.batch["input_ids"].numel() if packed else 0.0
    return _left(subject, 1.0 + pair + _compared(subject) + _ahead(subject))


def left_before_the_reference(subject: Subject) -> float:
    """Return the passes left over once the run's step was made, and nothing compared with it."""
    return _left(subject, _compared(subject) + _ahead(subject))


def left_after_the_step(subject: Subject) -> float:
    """Return the passes left over once the run's step and the comparisons with it were made."""
    return _left(subject, _ahead(subject))


def left_after_the_loss(subject: Subject) -> float:
    """Return the passes left over once the loss of the run's step was compared and explained."""
    return _left(subject, _checkpointed(subject) + _ahead(subject))


def left_for_accumulation(subject: Subject) -> float:
    """Return the passes that an evaluation, the last check, leaves over."""
    return _left(subject, FORWARD)


def few_tokens(subject: Subject) -> int:
    """Return on how many tokens of the batch accumulation can be judged, without a part of it
    repeated for more than a pass of all.
    """
    tokens = int(subject.batch["input_ids"].numel())
    return LARGE // 2 if tokens >= LARGE else max(_FEWEST, tokens // 4)


def _left(subject: Subject, ahead: float) -> float:
    return LIMIT - _MARGIN - subject.passes - ahead


def _compared(subject: Subject) -> float:
    """Return what the reference, unless it was made, and the gradients without checkpointing
    cost.
    """
    made = "reference" in subject.kept
    return (0.0 if made else FORWARD) + _checkpointed(subject)


def _checkpointed(subject: Subject) -> float:
    """Return what the gradients with checkpointing and without cost, beyond the run's step."""
    if not (wants_checkpointing(subject) or is_checkpointing(subject.model)):
        return 0.0
    short = short_of(subject)
    return 1.0 if short is subject.batch else 2 * _share(subject, short)


def _share(subject: Subject, part: dict[str, Any]) -> float:
    return float(part["input_ids"].numel() / subject.batch["input_ids"].numel())


def _ahead(subject: Subject) -> float:
    """Return what accumulation and evaluation cost, the last checks."""
    accumulates = int(subject.value("gradient_accumulation_steps", 1)) > 1
    if subject.trainer is None or not accumulates:
        return FORWARD
    if not subject.is_causal:
        return FORWARD + 1.0
    part = shortened(subject.batch, few_tokens(subject))
    return FORWARD + min(1.0, 2 * _share(subject, part))
