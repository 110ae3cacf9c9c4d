"""Whole processes, cold: CPU time and peak memory, their children counted."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .figure import Figure

MiB = 1 << 20
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in ru_maxrss


@dataclass
class Case:
    """A command and what its turns cost: CPU seconds, and peak resident bytes."""

    command: list[str]
    seconds: list[float] = field(default_factory=list)
    peak: int = 0

    def take_turn(self, folder: Path) -> None:
        """Run it once there and wait; ``os.wait4`` counts the children it has waited for."""
        process = subprocess.Popen(
            [sys.executable, *self.command],
            cwd=folder,  # -m and -c put it before PYTHONPATH
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environment(folder),
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):  # 1: the report has findings
            raise RuntimeError(f"{self.command} ended with {process.returncode}")
        self.seconds.append(usage.ru_utime + usage.ru_stime)
        self.peak = max(self.peak, usage.ru_maxrss * _RSS_UNIT)


def measure(folder: Path, rules: int, rounds: int) -> Iterator[Figure]:
    """``folder`` holds the package and the stubs; it comes first on the path."""
    cases = {
        "pass": Case(["-I", "-c", "pass"]),
        "import": Case(["-c", "import gemma_compat"]),
        "report": Case(["-m", "gemma_compat", "report"]),
    }
    _check(folder, rules)
    for case in cases.values():  # writes the bytecode, as any first use does
        case.take_turn(folder)
        case.seconds.clear()
    for _ in range(rounds):
        for case in cases.values():
            case.take_turn(folder)
    yield from _figures(cases, rules)


def _check(folder: Path, rules: int) -> None:
    """That it is the copy which is measured, with as many rules as were asked for at least."""
    listed = subprocess.run(
        [sys.executable, "-m", "gemma_compat", "rule"],
        cwd=folder,
        env=_environment(folder),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    count = len(listed.stdout.splitlines())
    if count < rules:
        raise RuntimeError(f"the package under measurement has {count} rules, not {rules}")


def _environment(folder: Path) -> dict[str, str]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def _figures(cases: dict[str, Case], rules: int) -> Iterator[Figure]:
    base = statistics.median(cases["pass"].seconds)

    def ratio(name: str) -> float:
        return statistics.median(cases[name].seconds) / base

    driver = os.path.exists("/dev/nvidiactl")
    note = "with an NVIDIA driver" if driver else "no NVIDIA driver"
    report = f"report, {rules} rules or more, cold"
    yield Figure("CPU of import gemma_compat / python -I -c pass", ratio("import"), 2.5, "x")
    yield Figure(
        f"CPU of {report} / python -I -c pass", ratio("report"), 18 if driver else 14, "x", note
    )
    yield Figure(
        f"peak memory of {report}", cases["report"].peak / MiB, None if driver else 25, "MiB"
    )
    yield Figure("CPU of python -I -c pass", base * 1000, None, "ms", "the yardstick")
