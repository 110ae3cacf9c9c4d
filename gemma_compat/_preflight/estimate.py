"""Estimate how much memory a training step takes, and what would fit.

    found = gemma_compat.estimate_memory(trainer)   # or estimate_memory(model, batch)
    print(found)                                    # what a step takes, and what fits
    found.step(rows=4, tokens=2048)                 # bytes

The peak of a forward and backward pass grows by the same amount with each token: by activations,
and by logits over the vocabulary, which make up most of a Gemma's. Passes of different length give
that amount and the rest, once with and once without checkpointing. The optimizer's state is added;
it exists from the second step on.

On a CPU nothing is measured: the points come from the arithmetic of :mod:`gemma_compat.memory` and
the bytes of the weights in hand, and the result says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..shown import Shown
from . import passes
from .arithmetic import Counted, counted, held_bytes, optimizer_name

if TYPE_CHECKING:
    from .subject import Subject

MARGIN = 0.08  # of the card, for fragmentation and what other libraries hold
_LENGTHS = (256, 512, 1024, 2048, 4096)  # tokens to try until the peak grows evenly
_EVEN = 0.05  # slopes that differ by less count as equal


@dataclass(frozen=True)
class Line:
    """Peak bytes of a forward and backward pass, as a linear function of the tokens.

    Attributes:
        fixed: bytes without any token.
        per_token: bytes for each token.
    """

    fixed: float
    per_token: float

    def at(self, tokens: float) -> float:
        """Return the bytes for this many tokens."""
        return self.fixed + self.per_token * tokens


@dataclass(frozen=True, repr=False)
class MemoryEstimate(Shown):
    """How much memory a training step takes; prints as a report.

    Attributes:
        measured: whether it was measured on a GPU; ``False`` for an estimate.
        bare: the peak without checkpointing; ``None`` if that did not fit into memory at all.
        checkpointed: the peak with every layer checkpointed; ``None`` if the model cannot.
        optimizer: bytes of the optimizer's state, in every step but the first.
        floor: bytes of weights, gradients and the optimizer's temporaries: no step takes less.
        rank: the rank of the LoRA adapter; ``None`` without one.
        per_rank: bytes that one more rank takes, gradients and optimizer state included.
        memory: bytes of the card; ``None`` on a CPU.
        rows, tokens: the shape of the run's own batch.
        accumulation: the run's accumulation steps.
        checkpointing: whether the run checkpoints.
        counted: the arithmetic, if nothing was measured.
    """

    view = "memory_estimate"

    measured: bool
    bare: Line | None
    checkpointed: Line | None
    optimizer: float
    floor: float
    rank: int | None
    per_rank: float
    memory: float | None
    rows: int
    tokens: int
    accumulation: int
    checkpointing: bool
    counted: Counted | None = None

    def step(self, rows: int, tokens: int, every: int | None = None) -> float | None:
        """Return the peak bytes of a step of this shape, from the second step on.

        Args:
            rows, tokens: shape of a micro-batch.
            every: checkpoint every n-th layer; 1 for all, 0 for none; by default as the run does.

        Returns:
            bytes, or ``None`` if that setting could not be measured.
        """
        every = (1 if self.checkpointing else 0) if every is None else every
        if self.counted is not None:
            peak = max(self.counted.peak(rows, tokens, every) + self.optimizer, self.floor)
            return peak * (1 + MARGIN)  # freed blocks that the allocator keeps from step to step
        line = self.line(every)
        if line is None:
            return None
        return max(line.at(rows * tokens) + self.optimizer, self.floor)

    def line(self, every: int) -> Line | None:
        """Return the line for checkpointing every n-th layer; the others keep activations."""
        if self.counted is not None:
            return _tangent(self.counted, self.tokens, every)
        if every == 0:
            return self.bare
        if every == 1 or self.checkpointed is None:
            return self.checkpointed
        if self.bare is None:
            return None
        share = 1 / every
        return Line(
            self.bare.fixed + (self.checkpointed.fixed - self.bare.fixed) * share,
            self.bare.per_token + (self.checkpointed.per_token - self.bare.per_token) * share,
        )

    def largest_rows(self, tokens: int, every: int) -> int:
        """Return the rows of ``tokens`` that fit, as ``step`` counts them by ``every``; 0
        for none.
        """
        if self.counted is not None:
            return self._search(tokens, every)
        line = self.line(every)
        if line is None or self.memory is None:
            return 0
        room = self.memory * (1 - MARGIN)
        if self.floor > room:
            return 0
        return max(0, int((room - self.optimizer - line.fixed) // (line.per_token * tokens)))

    def _search(self, tokens: int, every: int) -> int:
        """Search by halving, since counted memory need not grow evenly."""
        room = self.memory or 0.0  # step() has added the margin
        low, high = 0, 1
        while high < 2**20 and (self.step(high, tokens, every) or 0.0) <= room:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            fits = (self.step(middle, tokens, every) or 0.0) <= room
            low, high = (middle, high) if fits else (low, middle)
        return low


def _tangent(counted: Counted, tokens: int, every: int) -> Line:
    """Return the line through one row of this length and one of twice the length."""
    one, two = counted.peak(1, tokens, every), counted.peak(1, 2 * tokens, every)
    return Line(2 * one - two, (two - one) / tokens)


def estimate_memory(
    subject: Any, batch: Any = None, *, args: Any = None, memory: float | None = None
) -> MemoryEstimate:
    """Measure (on a GPU) or estimate how much memory a step of this run takes.

    Args:
        subject, batch, args: as for :func:`gemma_compat.preflight`.
        memory: bytes to fit into; by default the card's.

    Raises:
        UsageError: as :func:`gemma_compat.preflight`; on a CPU also for a model of unknown sizes.
    """
    from .restoring import trying
    from .subject import make_subject

    return trying(
        subject,
        lambda gate: make_subject(subject, batch, args, None, gate),
        lambda made: _estimated(made, memory),
    )


def _estimated(made: Subject, memory: float | None) -> MemoryEstimate:
    from .subject import read_data

    read_data(made, scan=False)
    if "input_ids" not in made.batch:
        raise UsageError("estimate_memory needs a batch with input_ids; this run's has none")
    device = next(made.model.parameters()).device
    on_gpu = device.type == "cuda"
    rows, tokens = made.batch["input_ids"].shape
    arithmetic = None if on_gpu else counted(made)
    if not on_gpu and arithmetic is None:
        raise UsageError("the sizes of this model are not known, and nothing is measured on a CPU")
    lines = [_line(made, checkpointing=on) if on_gpu else None for on in (False, True)]
    rank, per_rank = _rank(made.model)
    optimizer = _optimizer_bytes(made)
    return MemoryEstimate(
        measured=on_gpu,
        bare=lines[0],
        checkpointed=lines[1],
        optimizer=optimizer,
        floor=_floor(made, optimizer),
        rank=rank,
        per_rank=per_rank,
        memory=memory or (_card(device) if on_gpu else None),
        rows=rows,
        tokens=tokens,
        accumulation=int(made.value("gradient_accumulation_steps", 1)),
        checkpointing=passes.wants_checkpointing(made) or passes.is_checkpointing(made.model),
        counted=arithmetic,
    )


def _line(subject: Subject, *, checkpointing: bool) -> Line | None:
    """Return the line through two lengths, the first two past which the peak grows evenly.

    Of short rows the peak lies at the end of the backward pass, where the gradients decide.
    """
    found: Line | None = None
    last: tuple[int, float] | None = None
    for tokens in _LENGTHS:
        peak = _peak(subject, tokens, checkpointing)
        if peak is None:
            return found
        if last is not None:
            per_token = (peak - last[1]) / (tokens - last[0])
            even = found is not None and abs(found.per_token - per_token) <= _EVEN * per_token
            found = Line(peak - per_token * tokens, per_token)
            if even and per_token > 0:
                break
        last = tokens, peak
    return found if found is not None and found.per_token > 0 else None


def _peak(subject: Subject, tokens: int, checkpointing: bool) -> float | None:
    """Return the peak bytes of a pass of one row on the GPU; ``None`` out of memory."""
    import torch

    batch = _stretched(subject.batch, tokens)
    with subject.trial():
        passes.prepare(subject, checkpointing)
        if checkpointing and not passes.is_checkpointing(subject.model):
            subject.model.gradient_checkpointing_enable()
            passes.prepare(subject, checkpointing=True)
        try:
            for _ in range(2):  # the first pass also allocates what libraries keep
                for parameter in subject.model.parameters():
                    parameter.grad = None
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()
                subject.call(batch, **subject.arguments()).loss.backward()
                subject.passes += 2 / 3
            return float(torch.cuda.max_memory_allocated())
        except torch.cuda.OutOfMemoryError:
            return None


def _stretched(batch: Mapping[str, Any], tokens: int) -> dict[str, Any]:
    """Return one row of exactly this many tokens, by repeating or cutting the first."""
    rows, length = batch["input_ids"].shape
    times = -(-tokens // length)
    return {
        name: value[:1].repeat(1, times)[:, :tokens]
        if tuple(getattr(value, "shape", ())) == (rows, length)
        else value
        for name, value in batch.items()
        if name != "pixel_values"
    }


def _trained_bytes(model: Any) -> int:
    return sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)


def _optimizer_bytes(subject: Subject) -> float:
    """Return the bytes of its state: AdamW two copies, 8-bit two bytes each, SGD none."""
    name = optimizer_name(subject)
    if "sgd" in name or "adafactor" in name:
        return 0.0
    trained = [p for p in subject.model.parameters() if p.requires_grad]
    if "8bit" in name:
        return float(sum(2 * p.numel() for p in trained))
    return float(2 * _trained_bytes(subject.model))


def _floor(subject: Subject, optimizer: float) -> float:
    """Return the bytes in ``optimizer.step``: weights, gradients, state and as many temporaries."""
    return float(held_bytes(subject.model)) + 2.0 * _trained_bytes(subject.model) + optimizer


def _rank(model: Any) -> tuple[int | None, float]:
    """Return the adapter's rank, and the bytes of one more: weight, gradient, two fp32 states."""
    inner = [p.shape for name, p in model.named_parameters() if "lora_A" in name]
    outer = [p.shape for name, p in model.named_parameters() if "lora_B" in name]
    if not inner:
        return None, 0.0
    numbers = sum(shape[-1] for shape in inner) + sum(shape[0] for shape in outer)
    return int(inner[0][0]), 16.0 * numbers


def _card(device: Any) -> float:
    import torch

    return float(torch.cuda.get_device_properties(device).total_memory)
