"""What a rank of several holds: against two measured GPUs, and against DeepSpeed's own count."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from benchmarks.real.gpu_page import expected_gib
from gemma_compat.memory import Setup, Shape, estimate, read_shape
from gemma_compat.memory.weights import tensors
from gemma_compat.tables import checkpoints

from .made import FOLDER

RUNS = json.loads((FOLDER / "real_gpu.json").read_text("utf-8"))["runs"]
TWO = [run for run in RUNS if run["precision"] == "fp32" and not run["patched"]]
NEAR = 0.02
RANKS = 8


def gemma() -> Shape:
    found = checkpoints.find("google/gemma-3-1b-it")
    assert found is not None
    return read_shape(found.config)


def part(name: str, setup: Setup) -> int:
    return sum(p.bytes for p in estimate(gemma(), setup).parts if p.name == name)


@pytest.mark.parametrize("run", TWO, ids=lambda run: run["spread"])
def test_two_gpus_took_what_is_estimated(run: dict[str, object]) -> None:
    assert expected_gib(str(run["spread"])) == pytest.approx(run["peak_gib"], rel=NEAR)


def test_the_runs_are_there() -> None:
    assert {run["spread"] for run in TWO} == {"no", "ddp", "fsdp2"}


@pytest.mark.parametrize("stage", [2, 3])
def test_zero_is_deepspeeds_count(stage: int) -> None:
    """Stage 2: 2 bytes of weights, and 16 over the ranks. Stage 3: 18 over the ranks."""
    setup = Setup(tokens=64, checkpointing=True, spread=f"zero{stage}", ranks=RANKS)
    numbers = tensors(gemma()).all
    each = 2 + 16 / RANKS if stage == 2 else 18 / RANKS
    table = gemma().embedding
    gradients = (numbers - table) * 4 / RANKS  # the table's are counted whole, as autograd has them
    held = part("weights", setup) + part("optimizer", setup) + gradients + table * 4 / RANKS
    assert held == pytest.approx(each * numbers, rel=NEAR)


def test_fsdp_keeps_float32_beside_mixed_precision() -> None:
    setup = Setup(tokens=64, checkpointing=True, spread="fsdp", ranks=RANKS)
    plain = replace(setup, autocast=False)
    for name in ("weights", "optimizer"):
        assert part(name, setup) == pytest.approx(2 * part(name, plain), rel=NEAR)


def test_gradients_between_micro_batches_are_whole_under_fsdp() -> None:
    setup = Setup(tokens=64, checkpointing=True, spread="fsdp", ranks=RANKS)
    more = estimate(gemma(), replace(setup, accumulation=2)).allocated
    assert more - estimate(gemma(), setup).allocated >= 2 * gemma().embedding
