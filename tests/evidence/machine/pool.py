"""Runs cells: two environments at a time, one warm worker each, every row written as it comes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

from . import rows
from .cells import Cell
from .environments import NotInstallable, paths
from .rows import INVALID, Row

ROOT = Path(__file__).resolve().parents[3]
TIMEOUT = 120.0  # seconds for one observation; the slowest seen takes about five
JOBS = 2

Progress = Callable[[str], None]


class Worker:
    """The parent's end of ``worker.py`` for one environment."""

    def __init__(self, environment: str) -> None:
        search = [*paths(environment), str(ROOT)]
        variables = {**os.environ, "PYTHONPATH": os.pathsep.join(search), "HF_HUB_OFFLINE": "1"}
        command = [sys.executable, "-m", "tests.evidence.machine.worker"]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, cell: Cell) -> Row:
        """Observe one cell. A worker that died gives an ``invalid`` row."""
        assert self._process.stdin and self._process.stdout
        request = {
            "code": cell.code,
            "model_type": cell.model_type,
            "variant": cell.variant,
            "patched": cell.patched,
            "timeout": TIMEOUT,
        }
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            return _row(cell, {"outcome": INVALID, "seen": "the worker died", "facts": {}})
        return _row(cell, json.loads(line))

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def run(
    cells: Iterable[Cell], patchable: set[str], progress: Progress, jobs: int = JOBS
) -> list[Row]:
    """Observe every cell; where one is broken and its rule has a cure, the patched case too.

    Args:
        cells: what to observe.
        patchable: codes whose rules have a patch.
        progress: called with one line for each finished environment.
    """
    by_environment = [
        (environment, list(group))
        for environment, group in groupby(sorted(cells), key=lambda cell: cell.environment)
    ]
    lock = threading.Lock()
    done: list[Row] = []

    def finish(row: Row) -> None:
        with lock:
            rows.append(row)
            done.append(row)

    def work(item: tuple[str, list[Cell]]) -> None:
        made = _run_environment(item[0], item[1], patchable, finish)
        progress(_summary(item[0], made))

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(work, by_environment))
    return done


def _run_environment(
    environment: str, cells: list[Cell], patchable: set[str], finish: Callable[[Row], None]
) -> list[Row]:
    try:
        worker = Worker(environment)
    except NotInstallable as error:
        made = [_row(cell, {"outcome": INVALID, "seen": str(error), "facts": {}}) for cell in cells]
        for row in made:
            finish(row)
        return made
    made = []
    try:
        for cell in cells:
            row = worker.ask(cell)
            finish(row)
            made.append(row)
            if row.outcome == rows.BROKEN and cell.code in patchable and not cell.patched:
                patched = Cell(environment, cell.code, cell.model_type, cell.variant, True)
                made.append(worker.ask(patched))
                finish(made[-1])
    finally:
        worker.close()
    return made


def _row(cell: Cell, answer: dict[str, Any]) -> Row:
    return Row(
        code=cell.code,
        model_type=cell.model_type,
        variant=cell.variant,
        patched=cell.patched,
        environment=cell.environment,
        outcome=answer["outcome"],
        seen=answer["seen"],
        facts=answer["facts"],
    )


def _summary(environment: str, made: list[Row]) -> str:
    count = {
        name: sum(row.outcome == name for row in made) for name in ("broken", "working", "invalid")
    }
    cured = sum(row.patched and row.outcome == rows.WORKING for row in made)
    return (
        f"{environment:28} {len(made):4} observed: {count['broken']} broken, "
        f"{count['working']} working ({cured} of them patched), {count['invalid']} invalid"
    )
