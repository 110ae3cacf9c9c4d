"""What a step takes and what fits, as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._preflight.fit import Fit

_GIB = 2**30
_EVERY = {0: "no checkpointing", 1: "every layer checkpointed"}


def render_line(fit: Fit) -> str:
    """Return what a step of the run takes, in one line."""
    return _own(fit)


def render_text(fit: Fit) -> str:
    """The run's own step, then for each way of checkpointing the largest micro-batch."""
    return "\n".join([_own(fit), *_choices(fit), *_advice(fit)])


def _own(fit: Fit) -> str:
    how = "measured at two lengths" if fit.measured else "estimated, not measured (no GPU)"
    own = fit.step(fit.rows, fit.tokens)
    size = f"{own / _GIB:.2f} GiB" if own is not None else "more than there is"
    return f"A step of {fit.rows} x {fit.tokens} tokens takes {size}, {how}."


def _choices(fit: Fit) -> Iterator[str]:
    for every in (0, 2, 1):
        line = fit.line(every)
        name = _EVERY.get(every, f"every {every}nd layer checkpointed")
        if line is None:
            yield f"  {name}: does not fit, or the model cannot"
            continue
        text = f"  {name}: {line.per_token * 1024 / 2**20:.0f} MiB per 1024 tokens"
        if fit.memory:
            text += f", at most {fit.largest_rows(fit.tokens, every)} rows of {fit.tokens}"
        yield text


def _advice(fit: Fit) -> Iterator[str]:
    """The largest micro-batch that fits, the accumulation that keeps the effective batch."""
    if not fit.memory:
        return
    wanted = fit.rows * fit.accumulation
    for every in (0, 2, 1):
        rows = min(fit.largest_rows(fit.tokens, every), wanted)
        if rows:
            steps = -(-wanted // rows)
            yield (
                f"Fits: per_device_train_batch_size={rows}, gradient_accumulation_steps={steps} "
                f"with {_EVERY.get(every, f'checkpoint_every={every}')} (effective batch {wanted})."
            )
            return
    yield from _smaller(fit)


def _smaller(fit: Fit) -> Iterator[str]:
    """Not even one row fits: what to give up, in the order of harm."""
    line = fit.line(1)
    yield "Not even one row fits with every layer checkpointed."
    if line and fit.memory:
        room = fit.memory * 0.92 - fit.optimizer - line.fixed
        if room > 0:
            yield f"Shorter: max_length={int(room // line.per_token) // 64 * 64} fits."
    if fit.rank and fit.rank > 4:
        saved = fit.per_rank * (fit.rank // 2) / 2**20
        yield f"Smaller: r={fit.rank // 2} with the same lora_alpha / r saves {saved:.0f} MiB."
