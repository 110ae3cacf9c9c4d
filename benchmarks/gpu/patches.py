"""What each safe patch costs in a training step, and what it does to the gradients.

One model, patched and reverted in turns, so that both sides have the same weights and the same
GPU. The reference for the gradients is a step without checkpointing, under every safe patch.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch

from . import shapes
from .cosines import alike
from .options import Options, Record, attempt, short

_BLOCKS, _IN_BLOCK = 3, 5  # the first step of each block warms up: 12 are timed on each side


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


def measure(model_type: str, options: Options) -> Iterator[Record]:
    """First the model, then for each circumstance all patches at once, then each by itself."""
    model = shapes.build(model_type, options)
    bench = Bench(model, shapes.batch(model, options), options)
    yield _described(model_type, bench)
    with _patched(bench, None):
        _step(bench, "own loop")
    bench.reference = _take_gradients(model)
    bench.held_mib = sum(g.nbytes for g in bench.reference if g is not None) / 2**20
    alone: list[tuple[str, str]] = []
    for circumstance in _CIRCUMSTANCES:
        codes = _circumstanced(bench, circumstance, partial(_codes, bench))
        record = {"circumstance": circumstance, "patches": codes, "selected": "all"}
        if codes:
            yield attempt(record, partial(_compare, bench, circumstance, None))
        else:
            yield {**record, "note": "no safe patch applies"}
        alone += [(circumstance, code) for code in codes if len(codes) > 1]
    for circumstance, code in alone:
        record = {"circumstance": circumstance, "patches": [code], "selected": code}
        if options.remaining() < 15:
            yield {**record, "note": "not measured: out of time"}
        else:
            yield attempt(record, partial(_compare, bench, circumstance, code))


def _described(model_type: str, bench: Bench) -> Record:
    config = bench.model.config
    count = sum(parameter.numel() for parameter in bench.model.parameters())
    return {
        "model": "tiny" if bench.options.tiny else shapes.NAMES[model_type],
        "model_type": model_type,
        "parameters": count,
        "layers": config.num_hidden_layers,
        "dtype": str(next(bench.model.parameters()).dtype).removeprefix("torch."),
        "batch": list(bench.batch["input_ids"].shape),
        "attention": "sdpa",
    }


# Circumstances: what is done to the model before, and undone after.


def _checkpoint(model: Any, reentrant: bool) -> None:
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": reentrant})


def _wrap_outside(model: Any) -> None:
    """torch's own non-reentrant wrapper around every decoder layer."""
    from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper

    layers = model.model.layers
    for index, layer in enumerate(layers):
        layers[index] = checkpoint_wrapper(layer)


def _unwrap_outside(model: Any) -> None:
    layers = model.model.layers
    for index, layer in enumerate(layers):
        layers[index] = layer._checkpoint_wrapped_module


_CIRCUMSTANCES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "reentrant checkpointing": (
        lambda model: _checkpoint(model, True),
        lambda model: model.gradient_checkpointing_disable(),
    ),
    "own loop": (lambda model: None, lambda model: None),
    "non-reentrant checkpointing": (
        lambda model: _checkpoint(model, False),
        lambda model: model.gradient_checkpointing_disable(),
    ),
    "checkpoint wrappers": (_wrap_outside, _unwrap_outside),
    "evaluation": (lambda model: model.eval(), lambda model: model.train()),
}


def _circumstanced(bench: Bench, circumstance: str, act: Callable[[], Any]) -> Any:
    enter, leave = _CIRCUMSTANCES[circumstance]
    enter(bench.model)
    try:
        return act()
    finally:
        leave(bench.model)


# One step, patched or not.


def _codes(bench: Bench) -> list[str]:
    """What ``patch(model)`` would do here, without arguments of a run."""
    import gemma_compat

    plan = gemma_compat.patch(bench.model, dry_run=True).plan
    return [planned.rule.code for planned in plan.patches]


def _patched(bench: Bench, code: str | None) -> Any:
    import gemma_compat

    return gemma_compat.patch(bench.model, select=None if code is None else [code])


def _step(bench: Bench, circumstance: str) -> float:
    """One forward, and one backward unless it is an evaluation; the loss."""
    evaluates = circumstance == "evaluation"
    bench.model.zero_grad(set_to_none=True)
    with torch.no_grad() if evaluates else nullcontext():
        loss = bench.model(**bench.batch).loss
    if not evaluates:
        loss.backward()
    return float(loss.detach())


def _compare(bench: Bench, circumstance: str, code: str | None) -> Record:
    record: Record
    record = _circumstanced(bench, circumstance, partial(_both_sides, bench, circumstance, code))
    return record


def _both_sides(bench: Bench, circumstance: str, code: str | None) -> Record:
    """Times and peak memory of both sides in turns, then the gradients of each."""
    sides = {"unpatched": _Side(), "patched": _Side()}
    applied: list[str] = []
    for _ in range(1 if bench.options.tiny else _BLOCKS):
        for name, side in sides.items():
            with _patched(bench, code) if name == "patched" else nullcontext() as patches:
                applied = list(patches.codes) if patches else applied
                side.run(bench, circumstance)
    record: Record = {name: side.summary() for name, side in sides.items()}
    record["applied"] = applied
    medians = [side.median() for side in sides.values()]
    if all(medians):
        record["time_ratio"] = round(medians[1] / medians[0], 4)
    if circumstance != "evaluation":
        record["gradients"] = _gradients(bench, circumstance, code, sides)
    return record


@dataclass
class _Side:
    """Milliseconds of the timed steps, peak MiB, the loss, or the error that ended it."""

    times: list[float] = field(default_factory=list)
    peak: float = 0.0
    loss: float | None = None
    error: str | None = None

    def run(self, bench: Bench, circumstance: str) -> None:
        """One block of steps; none once a step has failed."""
        if self.error is not None:
            return
        steps = 3 if bench.options.tiny else _IN_BLOCK
        try:
            self.loss = _step(bench, circumstance)
            _reset_peak(bench.options)
            for _ in range(steps - 1):
                self.times.append(_timed(bench, circumstance))
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


def _timed(bench: Bench, circumstance: str) -> float:
    """Milliseconds of one step, by CUDA events on a GPU."""
    bench.model.zero_grad(set_to_none=True)
    if bench.options.device != "cuda":
        began = time.perf_counter()
        _step(bench, circumstance)
        return (time.perf_counter() - began) * 1000
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    start.record()
    _step(bench, circumstance)
    end.record()
    end.synchronize()
    return float(start.elapsed_time(end))


def _reset_peak(options: Options) -> None:
    if options.device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()


def _peak(bench: Bench) -> float:
    """MiB, without the gradients that are kept for comparing."""
    if bench.options.device != "cuda":
        return 0.0
    return float(torch.cuda.max_memory_allocated() / 2**20 - bench.held_mib)


# Gradients.


def _take_gradients(model: Any) -> list[Any]:
    """The gradients themselves, taken off the model; ``None`` where there is none."""
    taken = [parameter.grad for parameter in model.parameters()]
    model.zero_grad(set_to_none=True)
    return taken


def _gradients(
    bench: Bench, circumstance: str, code: str | None, sides: dict[str, _Side]
) -> Record:
    """Cosines between the sides and with the reference."""
    made: dict[str, list[Any]] = {"reference": bench.reference}
    for name, side in sides.items():
        if side.error is None:
            with _patched(bench, code) if name == "patched" else nullcontext():
                _step(bench, circumstance)
            made[name] = _take_gradients(bench.model)
    names = [name for name, _ in bench.model.named_parameters()]
    pairs = (("unpatched", "reference"), ("patched", "reference"), ("patched", "unpatched"))
    return {
        f"{first}_with_{second}": alike(names, made[first], made[second])
        for first, second in pairs
        if first in made and second in made
    }
