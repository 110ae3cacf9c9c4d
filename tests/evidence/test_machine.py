"""The machine itself: a crash is invalid, a kill loses nothing, bisection finds the edge."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from gemma_compat.errors import UsageError

from .machine import bisect, cells, drift, releases, reproductions, rows, worker

CRASHES = "def observe(case): raise RuntimeError('boom')\n"
DIES = "import os\ndef observe(case): os._exit(3)\n"
HANGS = "import time\ndef observe(case): time.sleep(60)\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty evidence directory in place of the real one."""
    monkeypatch.setattr(rows, "PROOF", tmp_path)
    return tmp_path


def reproduction(home: Path, body: str, code: str = "GC901") -> None:
    rows.folder(code).mkdir(parents=True)
    header = "MODEL_TYPES = ('gemma2',)\nVARIANTS = ('failure',)\n"
    (rows.folder(code) / "reproduce.py").write_text(header + body)


def row(outcome: str = rows.WORKING, version: str = "5.0.0", **changes: object) -> rows.Row:
    fields = {
        "code": "GC901",
        "model_type": "gemma2",
        "variant": "failure",
        "patched": False,
        "environment": f"transformers=={version}",
        "outcome": outcome,
        "seen": "x",
        "facts": {},
        **changes,
    }
    return rows.Row(**fields)  # type: ignore[arg-type]


@pytest.mark.skipif(sys.platform == "win32", reason="the worker forks")
@pytest.mark.parametrize(
    ("body", "said"),
    [(CRASHES, "boom"), (DIES, "without an answer"), (HANGS, "no answer within 0.5 s")],
)
def test_a_reproduction_that_fails_is_invalid_and_never_broken(
    home: Path, body: str, said: str
) -> None:
    reproduction(home, body)
    request = {"code": "GC901", "model_type": "gemma2", "variant": "failure", "patched": False}
    answer = worker.observe_in_child({**request, "timeout": 0.5 if body == HANGS else 20})
    assert answer["outcome"] == rows.INVALID
    assert said in answer["seen"]


def test_a_torn_last_line_costs_only_itself(home: Path) -> None:
    reproduction(home, CRASHES)
    rows.append(row())
    rows.append(row(version="5.1.0"))
    with rows.path("GC901").open("a") as file:
        file.write('{"code": "GC901", "model_ty')
    assert [r.environment for r in rows.read("GC901")] == [
        "transformers==5.0.0",
        "transformers==5.1.0",
    ]


def test_the_last_row_of_a_case_counts(home: Path) -> None:
    reproduction(home, CRASHES)
    rows.append(row(rows.INVALID))
    rows.append(row(rows.BROKEN))
    rows.rewrite("GC901")
    assert [r.outcome for r in rows.read("GC901")] == [rows.BROKEN]
    assert len(rows.path("GC901").read_text().splitlines()) == 1


def test_a_cure_of_what_is_no_longer_broken_is_dropped(home: Path) -> None:
    reproduction(home, CRASHES)
    for made in (row(rows.BROKEN), row(rows.WORKING, patched=True), row(rows.WORKING)):
        rows.append(made)
    rows.rewrite("GC901")
    assert [(r.patched, r.outcome) for r in rows.read("GC901")] == [(False, rows.WORKING)]


def test_trimmed_facts_carry_nothing_of_this_machine() -> None:
    facts = {
        "python": "3.11.7",
        "packages": {"torch": {"name": "torch", "version": "2.13.0", "location": "/home/me"}},
        "gpus": [{"uuid": "GPU-1"}],
        "model": {"model_type": "gemma2", "configs": [{"path": "model.config"}]},
    }
    assert "home" not in json.dumps(worker.trim(facts))
    assert worker.trim(facts) == {
        "packages": {"torch": {"name": "torch", "version": "2.13.0"}},
        "model": {"model_type": "gemma2"},
        "training": {},
    }


PUBLISHED = ["4.48.0", "4.49.0", "4.50.0", "4.50.1", "4.50.3", "4.51.0", "4.52.0"]


@pytest.mark.parametrize(
    ("ends", "broken", "edge"),
    [
        (("4.48.0", "4.50.3"), {"4.50.0", "4.50.1", "4.50.3"}, ("4.49.0", "4.50.0", False)),
        (("4.52.0", "4.50.1"), {"4.50.0", "4.50.1", "4.50.3"}, ("4.50.3", "4.51.0", True)),
    ],
)
def test_bisection_finds_the_neighbours(
    ends: tuple[str, str], broken: set[str], edge: tuple[str, str, bool]
) -> None:
    found = bisect.bisect(PUBLISHED, *ends, lambda v: rows.BROKEN if v in broken else rows.WORKING)
    assert (found.older, found.newer, found.older_is_broken) == edge


def test_bisection_steps_over_what_cannot_be_installed() -> None:
    outcome = {"4.48.0": "working", "4.52.0": "broken", "4.50.1": "invalid", "4.50.3": "invalid"}
    found = bisect.bisect(PUBLISHED, "4.48.0", "4.52.0", lambda v: outcome.get(v, "broken"))
    assert (found.older, found.newer) == ("4.48.0", "4.49.0")


def test_bisection_needs_two_different_ends() -> None:
    with pytest.raises(ValueError, match=r"4\.48\.0 is working"):
        bisect.bisect(PUBLISHED, "4.48.0", "4.52.0", lambda v: rows.WORKING)


def test_neighbours_of_a_bound_are_published_releases() -> None:
    assert cells.neighbours("4.50.0.dev0", PUBLISHED) == ("4.49.0", "4.50.0")
    assert cells.neighbours("4.51.0", PUBLISHED) == ("4.50.3", "4.51.0")
    assert cells.neighbours("9.0", PUBLISHED) == ("4.52.0",)


def test_drift_names_what_changed() -> None:
    seen = [row(rows.BROKEN, "5.0.0"), row(rows.WORKING, "5.1.0")]
    (change,) = drift.compare(seen, "transformers", "5.1.0", {})
    assert (change.before, change.after) == ("broken", "working")
    assert drift.compare(seen[:1], "transformers", "5.0.0", {}) == []


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: releases.check("transformers", "4.50.9"), "4.50."),
        (lambda: releases.published("transformer"), "transformers"),
        (lambda: reproductions.load("GC999"), "nearest: GC"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(call: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()  # type: ignore[operator]
