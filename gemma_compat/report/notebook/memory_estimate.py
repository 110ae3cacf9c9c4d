"""A memory estimate in a notebook: what a step takes, what fits, and the setting to paste."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..memory_estimate import lines_of, render_line
from .page import ERROR, GOOD, UNKNOWN, Fold, Page

if TYPE_CHECKING:
    from ..._preflight.estimate import MemoryEstimate

_SETTING = re.compile(r"(?:Fits|Shorter|Smaller): (\w+=[\w.]+(?:, \w+=[\w.]+)*)")


def page(found: MemoryEstimate) -> Page:
    """Return what a notebook shows of it."""
    own = found.step(found.rows, found.tokens)
    tone = UNKNOWN
    if found.memory and own is not None:
        tone = GOOD if own <= found.memory else ERROR
    _, *rest = lines_of(found)
    ways = [line.strip() for line in rest if line.startswith("  ")]
    advice = [line for line in rest if not line.startswith("  ")]
    settings = [match[1] for line in advice for match in [_SETTING.match(line)] if match]
    return Page(
        tone,
        render_line(found),
        paste=settings[0] if settings else "",
        texts=tuple(advice),
        folds=(Fold("By checkpointing", tuple(_row(line) for line in ways)),),
    )


def _row(line: str) -> tuple[str, str]:
    way, _, text = line.partition(": ")
    return way, text
