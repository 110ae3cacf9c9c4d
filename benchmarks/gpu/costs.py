"""What each cure costs by itself in a step of a large shape: time and peak memory.

Each cure is measured in a circumstance that it is for, against the same step without it, in turns.
Where the step without it fails, what the cure costs cannot be said; that is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch

from . import large
from .circumstances import (
    CIRCUMSTANCES,
    Circumstance,
    checkpointed_without_cache,
    four_bit_in_float32,
    fully_sharded,
    own_loop,
    packed,
    without_token_types,
)
from .cosines import alike
from .options import Options, Record, attempt, short
from .steps import Bench, Side, time_ratio

_TIMED = 3  # of a block, after one that is not timed; three blocks are nine steps on each side
_COMPILED_STEPS = 9
_FEW = (1, 1)  # the same where a step takes many seconds: products in float32
_LAYERS = 10  # of a compiled model: two periods of its layers
ALL, NOTHING = "all", "nothing"  # the latter: the same step on both sides, as a yardstick

_IN_TRAINER = "evaluation by a Trainer"
_IN_FLOAT32 = "4 bits computing in float32"
_SHARDED = "FSDP2 on one GPU"
_WITHOUT_CACHE = "non-reentrant checkpointing, use_cache=False"
_WHERE: dict[str, Circumstance] = {
    **CIRCUMSTANCES,
    _IN_TRAINER: CIRCUMSTANCES["evaluation"],
    "packed rows": packed,
    _IN_FLOAT32: four_bit_in_float32,
    "float16 weights": own_loop,
    "no token types": without_token_types,
    _SHARDED: fully_sharded,
    _WITHOUT_CACHE: checkpointed_without_cache,
}
# Cure, and where it is measured. A cure that does not apply to a model there is left out.
_TRIALS = (
    (ALL, "non-reentrant checkpointing"),
    ("GC104", "non-reentrant checkpointing"),
    ("GC201", "reentrant checkpointing"),
    ("GC203", "checkpoint wrappers"),
    ("GC102", "own loop"),
    ("GC102", _IN_TRAINER),
    ("GC104", "own loop"),
    ("GC804", "packed rows"),
    ("GC401", "float16 weights"),
    ("GC404", _IN_FLOAT32),
    ("GC103", _IN_TRAINER),
    ("GC107", "own loop"),
    ("GC301", "own loop"),
    ("GC501", "own loop"),
    ("GC801", "no token types"),
    ("GC801", "own loop"),  # where the batch brings them
    ("GC1001", "own loop"),
    ("GC1001", _SHARDED),  # last, as it stays
)
_WITHOUT_CHECKPOINTING = (
    "own loop",
    "packed rows",
    "float16 weights",
    "no token types",
    _SHARDED,
)
_STEPS = tuple(
    (code, where)
    for where in ("own loop", "non-reentrant checkpointing", _IN_TRAINER)
    for code in (NOTHING, ALL)
)
_COMPILED = (
    (ALL, "own loop", (False, True)),
    (ALL, "non-reentrant checkpointing", (False, True)),
    (NOTHING, "non-reentrant checkpointing", (True,)),
    (ALL, _WITHOUT_CACHE, (True,)),
)


def measure(name: str, options: Options) -> Iterator[Record]:
    """Yield what the model is, then each cure in its circumstance."""
    shape = large.SHAPES[name]
    bench = _bench(shape, options)
    yield _about(shape, bench)
    for code, where in _TRIALS:
        if options.where and where not in options.where:
            continue
        if (shape.dtype == "float16") != (code == "GC401"):
            continue
        if where in _WITHOUT_CHECKPOINTING and not shape.fits_whole:
            continue
        if where == _SHARDED and not _planned(bench, code):
            continue
        record: Record = {"circumstance": where, "cure": code}
        if options.remaining() < 15:
            yield {**record, "note": "not measured: out of time"}
            continue
        with _WHERE[where](bench):
            planned = _planned(bench, code)
            if planned:
                record["patches"] = planned
                yield attempt(record, partial(_compare, bench, code, where, shape.blocks))


def steps(name: str, options: Options) -> Iterator[Record]:
    """Yield what all cures together cost a model in many steps, beside a yardstick."""
    shape = large.SHAPES[name]
    bench = _bench(shape, options)
    yield _about(shape, bench)
    for code, where in _STEPS:
        if options.where and where not in options.where:
            continue
        record: Record = {"circumstance": where, "cure": code}
        if options.remaining() < 15:
            yield {**record, "note": "not measured: out of time"}
            continue
        with _WHERE[where](bench):
            record["patches"] = _planned(bench, code)
            yield attempt(record, partial(_compare, bench, code, where, shape.blocks))


def compiled(name: str, options: Options) -> Iterator[Record]:
    """Yield the same for a model with few layers, not compiled and compiled."""
    shape = large.shallow(large.SHAPES[name], _LAYERS)
    bench = _bench(shape, options)
    yield _about(shape, bench)
    for code, where, ways in _COMPILED:
        if options.where and where not in options.where:
            continue
        for compiles in ways:
            record: Record = {"circumstance": where, "cure": code, "compiled": compiles}
            if options.remaining() < 40:
                yield {**record, "note": "not measured: out of time"}
                continue
            with _WHERE[where](bench):
                record["patches"] = _planned(bench, code)
                if compiles:
                    yield attempt(record, partial(_compare_compiled, bench, code))
                else:
                    yield attempt(record, partial(_compare, bench, code, where, shape.blocks))


def _bench(shape: large.Shape, options: Options) -> Bench:
    if options.device == "cpu":
        torch.set_num_threads(1)  # its time is that of the processor, which threads wait on
    model = large.build(shape, options)
    return Bench(model, large.batch(model, options), options)


def _about(shape: large.Shape, bench: Bench) -> Record:
    import transformers

    return {
        "model": shape.name,
        "trains": shape.trains(),
        "weights": large.weights(shape, bench.options),
        "parameters": _size(bench.model),
        "layers": bench.model.config.get_text_config().num_hidden_layers,
        "batch": list(bench.batch["input_ids"].shape),
        "card": torch.cuda.get_device_name() if bench.options.device == "cuda" else "CPU",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


def _size(model: Any) -> int:
    """Return the number of weights; a byte of 4-bit weights holds two."""
    sizes = [p.numel() * (2 if type(p).__name__ == "Params4bit" else 1) for p in model.parameters()]
    return sum(sizes)


def _planned(bench: Bench, code: str) -> list[str]:
    """Return what ``patch`` would apply here."""
    import gemma_compat

    if code == NOTHING:
        return []

    plan = gemma_compat.patch(bench.model, select=_selected(code), dry_run=True).plan
    return [planned.rule.code for planned in plan.patches]


def _selected(code: str) -> list[str] | None:
    return None if code == ALL else [code]


def _patched(bench: Bench, code: str) -> AbstractContextManager[Any]:
    import gemma_compat

    if code == NOTHING:
        return nullcontext()

    found: AbstractContextManager[Any] = gemma_compat.patch(bench.model, select=_selected(code))
    return found


def _compare(bench: Bench, code: str, where: str, blocks: int) -> Record:
    """Return both sides, measured in turns, and how alike their gradients are."""
    evaluates = "evaluation" in where
    step: Callable[[], float] = partial(bench.step, evaluates)
    if where == _IN_TRAINER:
        step = as_a_trainer(step)
    sides = {"unpatched": Side(), "patched": Side()}
    few = bench.options.tiny or where == _IN_FLOAT32
    blocks, timed = _FEW if few else (blocks, _TIMED)
    for _ in range(blocks):
        for name, side in sides.items():
            with _patched(bench, code) if name == "patched" else nullcontext():
                side.run(bench, step, 1 + timed)
    record: Record = {name: side.summary() for name, side in sides.items()}
    record |= time_ratio(*sides.values())
    if not evaluates and where != _IN_FLOAT32 and not any(side.error for side in sides.values()):
        record["gradients"] = _gradients(bench, code)
    return record


def _compare_compiled(bench: Bench, code: str) -> Record:
    """Return both sides, each compiled anew: a compiled model does not see later hooks."""
    sides = {"unpatched": Side(), "patched": Side()}
    whole = bench.model
    for name, side in sides.items():
        with _patched(bench, code) if name == "patched" else nullcontext():
            torch.compiler.reset()
            bench.model = torch.compile(
                whole, backend="eager" if bench.options.tiny else "inductor"
            )
            try:
                side.run(bench, bench.step, 1)  # compiles
                side.run(bench, bench.step, 1 + _COMPILED_STEPS)
            finally:
                bench.model = whole
    return {n: side.summary() for n, side in sides.items()} | time_ratio(*sides.values())


def _gradients(bench: Bench, code: str) -> Record:
    """Return the cosine of the gradients of one step, patched with unpatched."""
    made = []
    for patched in (False, True):
        with _patched(bench, code) if patched else nullcontext():
            bench.step()
            made.append(bench.take_gradients())
    try:
        return alike([name for name, _ in bench.model.named_parameters()], *made)
    except torch.OutOfMemoryError as error:
        return {"error": short(error)}


def as_a_trainer(step: Callable[[], float]) -> Callable[[], float]:
    """Return the step, called by what looks like ``prediction_step`` of transformers' Trainer.

    Some cures work inside a Trainer's evaluation only, and look at who calls.
    """
    module: dict[str, Any] = {"__name__": "transformers.trainer", "step": step}
    exec("def prediction_step():\n    return step()", module)
    called: Callable[[], float] = module["prediction_step"]
    return called
