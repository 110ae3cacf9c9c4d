"""What each safe patch costs in a training step, and what it does to the gradients.

One model, patched and reverted in turns, so that both sides have the same weights and the same
GPU. The reference for the gradients is a step without checkpointing, under every safe patch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from typing import Any

from . import shapes
from .circumstances import CIRCUMSTANCES
from .cosines import alike
from .options import Options, Record, attempt
from .steps import Bench, Side, time_ratio

_BLOCKS, _IN_BLOCK = 3, 5  # the first step of each block warms up: 12 are timed on each side


def measure(model_type: str, options: Options) -> Iterator[Record]:
    """First the model, then for each circumstance all patches at once, then each by itself."""
    model = shapes.build(model_type, options)
    bench = Bench(model, shapes.batch(model, options), options)
    yield _described(model_type, bench)
    with _patched(bench, None):
        bench.step()
    bench.reference = bench.take_gradients()
    bench.held_mib = sum(g.nbytes for g in bench.reference if g is not None) / 2**20
    alone: list[tuple[str, str]] = []
    for circumstance, surround in CIRCUMSTANCES.items():
        with surround(bench):
            codes = _codes(bench)
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


# Both sides.


def _codes(bench: Bench) -> list[str]:
    """What ``patch(model)`` would do here, without arguments of a run."""
    import gemma_compat

    plan = gemma_compat.patch(bench.model, dry_run=True).plan
    return [planned.rule.code for planned in plan.patches]


def _patched(bench: Bench, code: str | None) -> Any:
    import gemma_compat

    return gemma_compat.patch(bench.model, select=None if code is None else [code])


def _compare(bench: Bench, circumstance: str, code: str | None) -> Record:
    with CIRCUMSTANCES[circumstance](bench):
        return _both_sides(bench, circumstance, code)


def _both_sides(bench: Bench, circumstance: str, code: str | None) -> Record:
    """Times and peak memory of both sides in turns, then the gradients of each."""
    sides = {"unpatched": Side(), "patched": Side()}
    applied: list[str] = []
    step = partial(bench.step, circumstance == "evaluation")
    for _ in range(1 if bench.options.tiny else _BLOCKS):
        for name, side in sides.items():
            with _patched(bench, code) if name == "patched" else nullcontext() as patches:
                applied = list(patches.codes) if patches else applied
                side.run(bench, step, 3 if bench.options.tiny else _IN_BLOCK)
    record: Record = {name: side.summary() for name, side in sides.items()}
    record |= {"applied": applied, **time_ratio(*sides.values())}
    if circumstance != "evaluation":
        record["gradients"] = _gradients(bench, code, sides)
    return record


# Gradients.


def _gradients(bench: Bench, code: str | None, sides: dict[str, Side]) -> Record:
    """Cosines between the sides and with the reference."""
    made: dict[str, list[Any]] = {"reference": bench.reference}
    for name, side in sides.items():
        if side.error is None:
            with _patched(bench, code) if name == "patched" else nullcontext():
                bench.step()
            made[name] = bench.take_gradients()
    names = [name for name, _ in bench.model.named_parameters()]
    pairs = (("unpatched", "reference"), ("patched", "reference"), ("patched", "unpatched"))
    return {
        f"{first}_with_{second}": alike(names, made[first], made[second])
        for first, second in pairs
        if first in made and second in made
    }
