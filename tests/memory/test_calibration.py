"""The estimate against peaks measured on a GPU: close, and never too hopeful."""

from __future__ import annotations

import json
import statistics
from typing import Any

import pytest

from benchmarks.memory import FOLDER, errors_of_other_runs, page
from gemma_compat.memory import CUDA, estimate

from .made import DATA, RUNS, setup, shape

MEDIAN, WORST = 0.05, 0.12
OLDER = json.loads((FOLDER / "fit.json").read_text("utf-8"))
RANKS = json.loads((FOLDER / "memory_ranks.json").read_text("utf-8"))


def error(run: dict[str, Any]) -> float:
    """How far the estimate of ``max_memory_allocated`` is off, as a share of it."""
    return estimate(shape(run), setup(run)).allocated / run["allocated"] - 1


def test_there_are_enough_runs_of_every_kind() -> None:
    assert len(RUNS) >= 24
    assert len(DATA["shapes"]) >= 10
    assert {run["checkpointing"] for run in RUNS} == {True, False}
    assert {run.get("bits") for run in RUNS} == {None, 4, 8}
    assert min(run["tokens"] for run in RUNS) == 512
    assert max(run["tokens"] for run in RUNS) == 8192
    assert any("27b" in run["model"] for run in RUNS)


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run["id"])
def test_each_is_close(run: dict[str, Any]) -> None:
    assert abs(error(run)) <= WORST


def test_the_median_is_closer() -> None:
    assert statistics.median(abs(error(run)) for run in RUNS) <= MEDIAN


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run["id"])
def test_it_never_fits_where_it_did_not(run: dict[str, Any]) -> None:
    """``total`` covers what the run is known to get along with: what torch reserved without a
    limit, or the smallest limit that it ran within."""
    known = min(run["reserved"], run.get("runs_within", run["reserved"]))
    assert estimate(shape(run), setup(run)).total >= known + CUDA


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run["id"])
def test_the_parts_add_up(run: dict[str, Any]) -> None:
    found = estimate(shape(run), setup(run))
    assert sum(part.bytes for part in found.parts) == found.total
    assert all(part.bytes >= 0 for part in found.parts)


def test_the_page_is_that_of_the_data() -> None:
    assert (FOLDER / "memory.md").read_text("utf-8") == page(DATA, OLDER, RANKS)


def test_runs_that_were_measured_before_it_was_written() -> None:
    """Another card, another script, every second layer checkpointed: nothing was read off them."""
    found = errors_of_other_runs(DATA, OLDER)
    assert len(found) >= 12 and max(abs(error) for error in found) <= MEDIAN


@pytest.mark.parametrize("run", RANKS["runs"], ids=lambda run: run["id"])
def test_a_rank_of_two_is_close(run: dict[str, Any]) -> None:
    assert abs(error(run)) <= MEDIAN


def test_a_fault_in_the_arithmetic_is_seen() -> None:
    """Without the second gradient of the logits, say, most runs would be far off."""
    from dataclasses import replace

    long = [run for run in RUNS if run["loss"] == "full" and run["tokens"] >= 2048]
    chunked = [
        estimate(shape(run), replace(setup(run), loss="chunked")).allocated / run["allocated"] - 1
        for run in long
    ]
    assert statistics.median(abs(error) for error in chunked) > WORST
