"""One training step of a model, timed, and the most memory that it takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch

from .options import Options, Record, short


@dataclass
class Bench:
    """One model and its batch.

    Attributes:
        reference: its gradients without checkpointing, in the order of the parameters.
        held_mib: what they take; not counted as a step's memory.
    """

    model: Any
    batch: dict[str, Any]
    options: Options
    reference: list[Any] = field(default_factory=list)
    held_mib: float = 0.0

    def step(self, evaluates: bool = False) -> float:
        """Run one forward, and one backward unless it is an evaluation; return the loss."""
        self.model.zero_grad(set_to_none=True)
        with torch.no_grad() if evaluates else nullcontext():
            loss = self.model(**self.batch).loss
        if not evaluates:
            loss.backward()
        return float(loss.detach())

    def take_gradients(self) -> list[Any]:
        """Return the gradients themselves, taken off the model; ``None`` where there is none."""
        taken = [parameter.grad for parameter in self.model.parameters()]
        self.model.zero_grad(set_to_none=True)
        return taken


@dataclass
class Side:
    """Milliseconds of the timed steps, peak MiB, the loss, or the error that ended it."""

    times: list[float] = field(default_factory=list)
    peak: float = 0.0
    loss: float | None = None
    error: str | None = None

    def run(self, bench: Bench, step: Callable[[], float], steps: int) -> None:
        """Run one block of steps, the first of them untimed; none once a step has failed."""
        if self.error is not None:
            return
        try:
            self.loss = step()
            _reset_peak(bench.options)
            for _ in range(steps - 1):
                self.times.append(_timed(bench, step))
            self.peak = max(self.peak, _peak(bench))
        except Exception as error:  # probe boundary: a defect that crashes is a finding
            self.error = short(error)
            bench.model.zero_grad(set_to_none=True)

    def median(self) -> float:
        return statistics.median(self.times) if self.times else 0.0

    def summary(self) -> Record:
        if self.error is not None:
            return {"error": self.error}
        return {
            "ms": round(self.median(), 2),
            "min_ms": round(min(self.times), 2),
            "max_ms": round(max(self.times), 2),
            "steps": len(self.times),
            "peak_mib": round(self.peak, 1),
            "loss": self.loss,
        }


def time_ratio(before: Side, after: Side) -> Record:
    """Return the ratio of the medians, where both sides have one."""
    if not (before.times and after.times):
        return {}
    return {"time_ratio": round(after.median() / before.median(), 4)}


def _timed(bench: Bench, step: Callable[[], float]) -> float:
    """Return the milliseconds of one step, by CUDA events on a GPU, else of the processor."""
    bench.model.zero_grad(set_to_none=True)
    if bench.options.device != "cuda":
        began = time.process_time()
        step()
        return (time.process_time() - began) * 1000
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    start.record()
    step()
    end.record()
    end.synchronize()
    return float(start.elapsed_time(end))


def _reset_peak(options: Options) -> None:
    if options.device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()


def _peak(bench: Bench) -> float:
    """Return the peak in MiB, without the gradients that are kept for comparing."""
    if bench.options.device != "cuda":
        return 0.0
    return float(torch.cuda.max_memory_allocated() / 2**20 - bench.held_mib)
