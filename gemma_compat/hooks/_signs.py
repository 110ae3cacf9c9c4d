"""Detect the signs of a run gone wrong in what it has logged so far. Pure.

A correct run shows none of these signs. A noisy loss, a warm-up or a plateau is not a sign.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

STILL = 20  # logs with the same loss before that is reported
_LEARNED = 0.01  # a loss below it stands still because nothing is left to learn
_GROWTH = 1.2  # times the fifth log's memory peak, from the tenth log on
_RISES = (9, 7)  # of so many newest peaks, so many are above the one before
_WORSE = 5  # logs in a row far above the best loss and above the first one
_IDLE = 10  # steps after which weights must have changed
_ZERO = (3, 20)  # logs without gradient; the second where text is generated and rewarded
_OVERFLOWS = 12  # logs in a row; a gradient scaler begins too high and halves its scale each time
_LEAK = (0.5, 2, 3)  # share of the training loss; evaluations in a row: of the lowest, of the mean
_SLOW = (15, 10, 1 / 3)  # logs in all, the newest of them, and the share of the first's speed
_SLOWER = 1 / 4  # the same where tokens are not counted, since longer rows take longer too
_SLOW_LOGS = 8  # of the newest
_NEXT_TO_0 = 1e-8  # a rate that no recipe stays below
_NEGATIVE = (5, -0.5)  # logs in a row below this, in a run that began above 0
_NEAR_THE_END = 0.9  # share of the run after which a schedule may reach 0


@dataclass
class History:
    """What was logged, newest last; each list keeps its first and its newest entries.

    Attributes:
        losses, norms, rates, evaluations: as the Trainer logged them.
        gaps: evaluation loss as a share of the lowest of the newest training losses.
    means: evaluation loss as a share of the mean training loss since the last evaluation.
        peaks: of memory, MiB.
        speeds: tokens per second.
    paces: steps per second, where tokens are not counted.
        moved: share of the sampled weights that differ from the run's beginning; ``None`` where
            that is not known.
        steps: optimizer steps since the run began.
        done: share of the run that is done; ``None`` where its length is not known.
        scaled: whether a gradient scaler skips the steps that overflow.
        rewarded: whether rewards are logged: such a loss is near 0 and says little.
    """

    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    means: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)
    speeds: list[float] = field(default_factory=list)
    paces: list[float] = field(default_factory=list)
    first: float | None = None
    moved: float | None = None
    steps: int = 0
    done: float | None = None
    scaled: bool = False
    rewarded: bool = False


def signs(seen: History, told: Sequence[str] = ()) -> list[str]:
    """Return the names of the signs that are present and were not reported before."""
    found = {
        "nan": _is_not_finite(seen),
        "zero": _has_no_gradient(seen),
        "rate": _has_no_rate(seen),
        "explodes": _explodes(seen),
        "negative": _falls_below_0(seen),
        "still": _stands_still(seen),
        "idle": _is_idle(seen),
        "leak": _leaks(seen),
        "slow": _slows_down(seen.speeds, _SLOW[2]),
        "pace": _slows_down(seen.paces, _SLOWER),
        "peak": _grows(seen.peaks),
    }
    new = [name for name, is_there in found.items() if is_there and name not in told]
    if {"rate", "zero"} & {*new, *told}:  # either explains why nothing changes
        return [name for name in new if name not in {"still", "idle"}]
    return new


def _is_not_finite(seen: History) -> bool:
    if seen.losses and not math.isfinite(seen.losses[-1]):
        return True
    newest = seen.norms[-(_OVERFLOWS if seen.scaled else 1) :]
    enough = len(newest) == (_OVERFLOWS if seen.scaled else 1)
    return enough and not any(math.isfinite(value) for value in newest)


def _has_no_gradient(seen: History) -> bool:
    newest = seen.norms[-_ZERO[seen.rewarded] :]
    return len(newest) == _ZERO[seen.rewarded] and not any(newest)


def _has_no_rate(seen: History) -> bool:
    if seen.done is not None and seen.done >= _NEAR_THE_END:
        return False
    if len(seen.rates) >= 3 and not any(seen.rates[-3:]):
        return True
    newest = seen.rates[-STILL:]
    return len(newest) == STILL and max(newest) <= _NEXT_TO_0 and newest[-1] <= newest[0]


def _falls_below_0(seen: History) -> bool:
    """Return whether a loss that began above 0, as a loss of tokens does, stays below it."""
    logs, limit = _NEGATIVE
    newest = seen.losses[-logs:]
    began = seen.first is not None and seen.first > 0 and not seen.rewarded
    return began and len(newest) == logs and all(value < limit for value in newest)


def _leaks(seen: History) -> bool:
    """Return whether evaluations in a row are far below the newest training losses. One row that is
    known by heart makes the lowest of them low, and a loss that falls makes their mean high.
    """
    limit, lowest, means = _LEAK
    below = len(seen.gaps) >= lowest and max(seen.gaps[-lowest:]) < limit
    return below or (len(seen.means) >= means and max(seen.means[-means:]) < limit)


def _explodes(seen: History) -> bool:
    """Return whether five logs in a row are far above the best loss and above the first."""
    if len(seen.losses) < _WORSE + 1 or seen.first is None or seen.rewarded:
        return False
    newest, before = seen.losses[-_WORSE:], seen.losses[:-_WORSE]
    best = min(median(before[at : at + 5]) for at in range(0, len(before), 5))
    limit = max(best + max(1.5, best), 1.2 * seen.first)
    return all(math.isfinite(value) and value > limit for value in newest)


def _stands_still(seen: History) -> bool:
    last, largest = seen.losses[-STILL:], max(map(abs, seen.losses[-STILL:]), default=0.0)
    if len(last) < STILL or largest < _LEARNED or seen.rewarded:
        return False
    return max(last) - min(last) <= 1e-6 * largest


def _is_idle(seen: History) -> bool:
    """Return whether no weight moved, once the rate does not rise any more: the first steps of a
    long warm-up are too small for bfloat16.
    """
    rises = len(seen.rates) < 2 or seen.rates[-1] > seen.rates[-2]
    return seen.moved == 0 and seen.steps >= _IDLE and not (rises and seen.rates)


def _grows(peaks: Sequence[float]) -> bool:
    """Return whether the peak rises from log to log; one long row raises it only once."""
    if len(peaks) <= _RISES[0] or peaks[-1] <= _GROWTH * peaks[4]:
        return False
    newest = peaks[-_RISES[0] - 1 :]
    return sum(b > a for a, b in zip(newest, newest[1:], strict=False)) >= _RISES[1]


def _slows_down(speeds: Sequence[float], share: float) -> bool:
    total, newest, _ = _SLOW
    if len(speeds) < total:
        return False
    limit = share * median(speeds[1 : total - newest + 1])
    # Batches that a loader has read ahead make a few logs fast.
    return sum(speed < limit for speed in speeds[-newest:]) >= _SLOW_LOGS
