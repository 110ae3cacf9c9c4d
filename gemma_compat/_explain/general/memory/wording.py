"""Words that the answers by estimate share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .estimate import Run

if TYPE_CHECKING:
    from ....memory import Judgement

_GIB = 1 << 30
TOLD = "a sentence tells of it, and no cause is known from that; the figures are an estimate"


def card_has(run: Run) -> str:
    """Return what one card has, as a clause."""
    size = f"{(run.memory or 0) / 1024:.0f} GiB"
    shared = f", of which vLLM takes {run.share:.0%}" if run.share else ""
    return f"a card has {size}{shared}"


def known(told: bool) -> str:
    """Return how an estimate is known."""
    return TOLD if told else "by the estimate of `memory`, from what the log states"


def all_parts(found: Judgement) -> str:
    """Return the five largest parts with their sizes."""
    parts = sorted(found.parts, key=lambda part: -part.bytes)[:5]
    return ", ".join(
        f"{part.name} {part.bytes / _GIB:.1f} GiB" for part in parts if part.bytes > _GIB // 20
    )


def assumed(run: Run, found: Judgement) -> str:
    """Return what was assumed, as the end of a sentence; empty if nothing was."""
    kept = list(found.assumed)
    if run.is_unsloth:
        kept = [text for text in kept if "checkpointing" not in text and "loss" not in text]
        kept.append(
            "layers recomputed and the loss in chunks, as Unsloth does (--gradient-checkpointing "
            "--liger)"
        )
    return f"; assumed: {', '.join(kept[:4])}" if kept else ""
