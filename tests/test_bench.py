"""The figures of ``make bench``: compared with the committed ones, written, and on the site."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import kept, processes
from benchmarks.figure import Figure
from tools.site import cost


def figure(what: str, measured: float | None, unit: str = "x") -> Figure:
    return Figure(what, measured, None, unit)


@pytest.fixture
def before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(kept, "FILE", tmp_path / "bench.json")
    kept.write(
        [figure("report / pass", 10.0), figure("pass", 9.0, "ms"), figure("gone", None)], 0.5
    )
    return kept.read()


@pytest.mark.parametrize(
    ("now", "lines"),
    [
        (figure("report / pass", 11.4), []),
        (figure("report / pass", 5.0), []),
        (figure("report / pass", 11.6), ["report / pass: 11.60 x, was 10.00 x"]),
        (figure("report / pass", None), []),
        (figure("pass", 90.0, "ms"), []),  # another machine
        (figure("new / pass", 90.0), []),
        (figure("gone", 1.0), []),
    ],
)
def test_a_ratio_that_grew_by_more_than_a_tolerance_is_named(
    before: dict[str, Any], now: Figure, lines: list[str]
) -> None:
    assert kept.grown([now], before) == lines


def test_what_was_not_measured_this_time_stays(before: dict[str, Any]) -> None:
    kept.write([figure("report / pass", 8.0), figure("new", 1.0)], 2.0)
    found = {item["what"]: (item["measured"], item["load"]) for item in kept.read()["figures"]}
    assert found["report / pass"] == (8.0, 2.0) and found["pass"] == (9.0, 0.5)
    assert list(found) == ["report / pass", "pass", "gone", "new"]


def test_the_page_shows_each_committed_figure_and_the_peers_by_themselves() -> None:
    committed = json.loads((cost.MEASURED / "bench.json").read_text(encoding="utf-8"))["figures"]
    text = cost.page()
    ours, _, peers = text.partition("## Beside other commands")
    for item in committed:
        assert item["what"] in (peers if item["what"].startswith("python -m ") else ours)
    assert peers.index("gemma_compat report") < peers.index("torch.utils.collect_env")


def test_the_peak_of_a_process_is_its_own(tmp_path: Path) -> None:
    """Linux hands a process's peak down to what it starts; this one holds more than the other."""
    held = bytearray(200 << 20)
    held[:: 1 << 12] = b"x" * len(held[:: 1 << 12])
    case = processes.Case(["-I", "-c", "pass"])
    case.take_turn(tmp_path)
    assert 0 < case.peak < 100 << 20
    assert case.seconds[0] > 0
