"""Propose settings for a model, a card and a length.

    >>> tuning = tune(Wish(shape, memory_total=24564, tokens=2048, effective=16))
    >>> tuning.setup.rows, tuning.setup.checkpointing

The proposal is the first of a list of settings that fits: all layers kept before some recomputed,
16 bits before 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from .estimate import Estimate, estimate
from .judging import fits, usable
from .setup import Adapter, Setup
from .shape import Shape
from .weights import tensors

_SMALL = 1_500_000_000  # numbers; up to this size, training all of them is proposed if it fits
_RANK, _LOW_RANK = 16, 8


@dataclass(frozen=True)
class Wish:
    """What the user asks for.

    Attributes:
        shape: the sizes of the model.
        memory_total: the card's memory in MiB, as NVML gives it.
        tokens: the length of the longest row.
        effective: rows per optimizer step.
        full: whether to train all weights; ``None`` to choose.
        bits: 4 or 8 to quantize the weights; ``None`` to choose.
        width: bytes of one number of the weights: 4 where the card has no bfloat16.
        loss: ``chunked`` where TRL computes it so, else ``full``.
        bitsandbytes: whether the card has its optimizers and its weights in 4 and 8 bits.
    """

    shape: Shape
    memory_total: int
    tokens: int
    effective: int = 16
    full: bool | None = None
    bits: int | None = None
    width: int = 2
    loss: str = "full"
    bitsandbytes: bool = True


@dataclass(frozen=True)
class Step:
    """One choice of the proposal.

    Attributes:
        text: the setting.
        why: the reason.
        before, after: bytes that the run takes without and with it.
    """

    text: str
    why: str
    before: int
    after: int


@dataclass(frozen=True)
class Tuning:
    """The proposal.

    Attributes:
        wish: what was asked for.
        setup: the proposed settings; ``None`` where nothing fits.
        found: the memory they take; without a proposal, that of the last settings tried.
        available: bytes of the card that a process can have.
        steps: the choices that lead to the proposal, each with its reason.
    """

    wish: Wish
    setup: Setup | None
    found: Estimate
    available: int
    steps: tuple[Step, ...] = ()


def tune(wish: Wish) -> Tuning:
    """Return the first settings that fit, with the largest batch up to the effective one.

    Args:
        wish: model, card, length and what must not be chosen otherwise.
    """
    available = usable(wish.memory_total)
    last = _plainest(wish)
    for way in _ways(wish):
        last = way
        rows = _rows(wish, way, available)
        if rows:
            chosen = replace(way, rows=rows, accumulation=-(-wish.effective // rows))
            steps = tuple(_steps(wish, chosen))
            return Tuning(wish, chosen, estimate(wish.shape, chosen), available, steps)
    return Tuning(wish, None, estimate(wish.shape, last), available)


def _plainest(wish: Wish) -> Setup:
    """Return the run to start from: all weights, the whole batch at once, nothing recomputed."""
    return Setup(
        rows=wish.effective,
        tokens=wish.tokens,
        width=wish.width,
        autocast=wish.width == 2,
        attention="eager" if wish.shape.attention_softcap else "sdpa",
        masked=True,
        loss="full",
    )


def _ways(wish: Wish) -> Iterator[Setup]:
    """Yield settings for a batch of one row, the cheapest in time first."""
    base = replace(_plainest(wish), rows=1, loss=wish.loss)
    size = tensors(wish.shape).text
    methods = []
    if wish.full or (wish.full is None and wish.bits is None and size <= _SMALL):
        small = ("adamw_bnb_8bit", "paged_adamw_8bit") if wish.bitsandbytes else ()
        methods += [base, *(replace(base, optimizer=name) for name in small)]
    if not wish.full:
        adapted = [replace(base, adapter=Adapter(_RANK)), replace(base, adapter=Adapter(_LOW_RANK))]
        methods += adapted if wish.bits is None else []
        bits = wish.bits or 4
        if wish.bitsandbytes:
            methods += [replace(way, bits=bits, double_quant=bits == 4) for way in adapted]
    for method in methods:
        for every in (0, 2, 1):
            yield replace(method, checkpointing=every > 0, every=max(1, every))


def _rows(wish: Wish, way: Setup, available: int) -> int:
    """Return the largest power of two, up to the effective batch, that fits; 0 for none."""
    rows, best = 1, 0
    while rows <= wish.effective:
        steps = -(-wish.effective // rows)
        found = estimate(wish.shape, replace(way, rows=rows, accumulation=steps))
        if fits(found, available) is not True:
            break
        rows, best = 2 * rows, rows
    return best


def _steps(wish: Wish, chosen: Setup) -> Iterator[Step]:
    """Yield the choices from the plainest run to the proposal, one at a time."""
    current = _plainest(wish)
    for text, why, changes in _choices(chosen):
        changed = replace(current, **changes)
        before, after = (estimate(wish.shape, item).total for item in (current, changed))
        yield Step(text, why, before, after)
        current = changed


def _choices(chosen: Setup) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each choice as its text, its reason, and what it changes in the setup."""
    if chosen.adapter is None:
        yield "all weights are trained", "the model is small enough for this card", {}
    else:
        rank = chosen.adapter.rank
        why = "gradients and optimizer state of the adapter only; alpha = rank keeps its scale at 1"
        yield f"LoRA, r={rank}, lora_alpha={rank}", why, {"adapter": chosen.adapter}
    if chosen.bits:
        why = "in 16 bits the weights leave too little room"
        changes = {"bits": chosen.bits, "double_quant": chosen.double_quant}
        yield f"weights in {chosen.bits} bits (bitsandbytes)", why, dict(changes)
    if chosen.loss != "full":
        yield "a loss in chunks", "SFTTrainer of this TRL does it by itself", {"loss": chosen.loss}
    if chosen.optimizer != "adamw_torch_fused":
        why = "a byte a number for each of its two states"
        yield f"optim='{chosen.optimizer}'", why, {"optimizer": chosen.optimizer}
    batch = f"per_device_train_batch_size={chosen.rows}, "
    batch += f"gradient_accumulation_steps={chosen.accumulation}"
    why = f"the largest power of two that fits; {chosen.rows * chosen.accumulation} rows a step"
    changes = {"rows": chosen.rows, "accumulation": chosen.accumulation}
    yield batch, why, dict(changes)
    if chosen.checkpointing:
        every = "every layer" if chosen.every == 1 else f"every {chosen.every}nd layer"
        why = "activations are recomputed, which costs up to a third more time"
        yield f"checkpointing of {every}", why, {"checkpointing": True, "every": chosen.every}
