"""Keep the whole of preflight below four passes of the run's batch, however small the batch is.

The step, its reference and the comparisons that the run itself makes necessary (checkpointing,
accumulation, evaluation) are always made. What else may be asked has what those leave over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .passes import is_checkpointing, wants_checkpointing
from .samples import neighbours
from .subject import FORWARD

if TYPE_CHECKING:
    from .subject import Subject

LIMIT = 4.0  # passes
TOO_SMALL = f"the batch is so small that this would take the cost past {LIMIT:g} passes"
_PAIR = 64  # tokens of two packed samples that always show whether one sees the other
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


def _left(subject: Subject, ahead: float) -> float:
    return LIMIT - _MARGIN - subject.passes - ahead


def _compared(subject: Subject) -> float:
    """Return what the reference and the gradients without checkpointing cost."""
    return FORWARD + (wants_checkpointing(subject) or is_checkpointing(subject.model))


def _ahead(subject: Subject) -> float:
    """Return what accumulation and evaluation cost, the last checks."""
    accumulates = int(subject.value("gradient_accumulation_steps", 1)) > 1
    return FORWARD + (subject.trainer is not None and accumulates)
