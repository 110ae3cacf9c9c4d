"""What a step takes and what fits, as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .wording import in_language

if TYPE_CHECKING:
    from .._preflight.estimate import MemoryEstimate

_GIB = 2**30
_EVERY = {0: "no checkpointing", 1: "every layer checkpointed"}


def render_line(found: MemoryEstimate) -> str:
    """Return what a step of the run takes, in one line."""
    return _own(found)


def render_text(found: MemoryEstimate) -> str:
    """Return the run's own step, then for each way of checkpointing the largest micro-batch."""
    return in_language("\n".join(lines_of(found)))


def lines_of(found: MemoryEstimate) -> list[str]:
    """Return the lines of the report, in English."""
    return [_own(found), *_choices(found), *_advice(found)]


def _own(found: MemoryEstimate) -> str:
    how = "measured at two lengths" if found.measured else "estimated, not measured (no GPU)"
    own = found.step(found.rows, found.tokens)
    size = f"{own / _GIB:.2f} GiB" if own is not None else "more than there is"
    return f"A step of {found.rows} x {found.tokens} tokens takes {size}, {how}."


def _choices(found: MemoryEstimate) -> Iterator[str]:
    for every in (0, 2, 1):
        line = found.line(every)
        name = _EVERY.get(every, f"every {every}nd layer checkpointed")
        if line is None:
            yield f"  {name}: does not fit, or the model cannot"
            continue
        text = f"  {name}: {line.per_token * 1024 / 2**20:.0f} MiB per 1024 tokens"
        if found.memory:
            text += f", at most {found.largest_rows(found.tokens, every)} rows of {found.tokens}"
        yield text


def _advice(found: MemoryEstimate) -> Iterator[str]:
    """Yield the largest micro-batch that fits, the accumulation that keeps the effective batch."""
    if not found.memory:
        return
    wanted = found.rows * found.accumulation
    for every in (0, 2, 1):
        rows = min(found.largest_rows(found.tokens, every), wanted)
        if rows:
            steps = -(-wanted // rows)
            yield (
                f"Fits: per_device_train_batch_size={rows}, gradient_accumulation_steps={steps} "
                f"with {_EVERY.get(every, f'checkpoint_every={every}')} (effective batch {wanted})."
            )
            return
    yield from _smaller(found)


def _smaller(found: MemoryEstimate) -> Iterator[str]:
    """Say what to give up, least harm first, where not even one row fits."""
    line = found.line(1)
    yield "Not even one row fits with every layer checkpointed."
    if line and found.memory:
        room = found.memory * 0.92 - found.optimizer - line.fixed
        if room > 0:
            yield f"Shorter: max_length={int(room // line.per_token) // 64 * 64} fits."
    if found.rank and found.rank > 4:
        saved = found.per_rank * (found.rank // 2) / 2**20
        yield f"Smaller: r={found.rank // 2} with the same lora_alpha / r saves {saved:.0f} MiB."
