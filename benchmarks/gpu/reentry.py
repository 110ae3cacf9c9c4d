"""Why a step takes longer without reentry: how long the GPU works, and how long the CPU sends.

The GPU's time is the sum of its kernels' under torch's profiler. The CPU's is that until the step
returns, before anything waits for the GPU. Where the CPU takes as long as the whole step, the GPU
waits for it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch

from . import large
from .circumstances import CIRCUMSTANCES
from .options import Options, Record, attempt
from .steps import Bench

_CASES = (
    ("own loop", None),
    ("reentrant checkpointing", None),
    ("reentrant checkpointing", "GC201"),
    ("non-reentrant checkpointing", None),
    ("non-reentrant checkpointing", "GC201"),
)
_ROUNDS, _STEPS = 3, 3
_ROWS = (1, 2, 4)


def measure(name: str, options: Options) -> Iterator[Record]:
    """Yield what the model is, then for each number of rows each case, the cases in turns."""
    shape = large.SHAPES[name]
    model = large.build(shape, options)
    whole = large.batch(model, options)
    yield {"model": shape.name, "trains": shape.trains(), **_about(options)}
    for rows in _ROWS:
        if options.remaining() < 15:
            yield {"rows": rows, "note": "not measured: out of time"}
            continue
        batch = {name: value[:1].expand(rows, -1).contiguous() for name, value in whole.items()}
        yield from _of_rows(Bench(model, batch, options), rows)


def _about(options: Options) -> Record:
    import transformers

    card = torch.cuda.get_device_name() if options.device == "cuda" else "CPU"
    return {"card": card, "torch": torch.__version__, "transformers": transformers.__version__}


def _of_rows(bench: Bench, rows: int) -> Iterator[Record]:
    found: list[Record] = [
        {"rows": rows, "circumstance": where, "cure": code or "nothing", "whole": [], "sent": []}
        for where, code in _CASES
    ]
    for _ in range(1 if bench.options.tiny else _ROUNDS):
        for record in found:
            if "error" not in record:
                record.update(attempt(record, partial(_add_times, bench, record)))
    for record in found:
        if "error" not in record:
            record.update(attempt(record, partial(_profiled, bench, record)))
        yield _summary(record)


def _within(bench: Bench, record: Record) -> tuple[AbstractContextManager[Any], ...]:
    import gemma_compat

    code = record["cure"]
    cure: Any = nullcontext()
    around = CIRCUMSTANCES[record["circumstance"]](bench)
    if code != "nothing":
        cure = gemma_compat.patch(bench.model, select=[code])
    return around, cure


def _add_times(bench: Bench, record: Record) -> Record:
    """Add the milliseconds of some steps: until they returned, and until the GPU was done."""
    around, cure = _within(bench, record)
    with around, cure:
        _step(bench)
        for _ in range(1 if bench.options.tiny else _STEPS):
            _wait(bench)
            began = time.perf_counter()
            _step(bench)
            sent = time.perf_counter() - began
            _wait(bench)
            record["sent"].append(sent * 1000)
            record["whole"].append((time.perf_counter() - began) * 1000)
    return {}


def _profiled(bench: Bench, record: Record) -> Record:
    """Return the milliseconds that kernels ran in one step, and their number."""
    if bench.options.device != "cuda":
        return {}
    from torch.profiler import ProfilerActivity, profile

    around, cure = _within(bench, record)
    with around, cure:
        _step(bench)
        _wait(bench)
        with profile(activities=[ProfilerActivity.CUDA]) as made:
            _step(bench)
            _wait(bench)
    ran = [event for event in made.events() if event.device_type.name == "CUDA"]
    busy = sum(event.device_time_total for event in ran) / 1000
    return {"kernels_ms": round(busy, 1), "kernels": len(ran)}


def _step(bench: Bench) -> None:
    """Run a step; wait for nothing but what the model itself waits for."""
    bench.model.zero_grad(set_to_none=True)
    bench.model(**bench.batch).loss.backward()


def _wait(bench: Bench) -> None:
    if bench.options.device == "cuda":
        torch.cuda.synchronize()


def _summary(record: Record) -> Record:
    whole, sent = record.pop("whole"), record.pop("sent")
    if not whole or "error" in record:
        return record
    times = {"ms": statistics.median(whole), "min_ms": min(whole), "sent_ms": min(sent)}
    return {**record, **{name: round(value, 1) for name, value in times.items()}}
