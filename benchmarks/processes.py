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


# Name, arguments, the most CPU as a multiple of an empty interpreter's, the most MiB.
_COMMANDS: dict[str, tuple[list[str], float | None, float | None]] = {
    "report": ([], 17, 25),
    "report --model DIR": (["--model", "model"], None, 25),
    "what-if": (["--with", "transformers==5.23.0", "--model", "gemma3"], None, None),
    "matrix": ([], None, None),
    "rule --format json": ([], None, None),
}


def measure(folder: Path, more: Path, rules: int, rounds: int) -> Iterator[Figure]:
    """Measure the commands, taking turns.

    Args:
        folder: holds the package, the stubs and a model folder; it comes first on the path.
        more: the same with a hundred rules more.
    """
    cases = {
        "pass": Case(["-I", "-c", "pass"]),
        "import": Case(["-c", "import gemma_compat"]),
        **{name: Case(_command(name, given)) for name, (given, _, _) in _COMMANDS.items()},
        "more rules": Case(["-m", "gemma_compat", "report"]),
    }
    _check(folder, rules)
    for turn in range(rounds + 1):
        for name, case in cases.items():
            case.take_turn(more if name == "more rules" else folder)
            if not turn:  # it writes the bytecode, as any first use does
                case.seconds.clear()
    yield from _figures(cases, rules)


def _command(name: str, given: list[str]) -> list[str]:
    words = [word for word in name.split() if word not in {"--model", "DIR"}]
    return ["-m", "gemma_compat", *(["report"] if name == "what-if" else words), *given]


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

    driver = os.path.exists("/dev/nvidiactl")  # asking it takes a child process
    note = "with an NVIDIA driver" if driver else ""
    yield Figure("CPU of python -I -c pass", base * 1000, None, "ms", "the yardstick")
    yield Figure("import gemma_compat / pass", ratio("import"), 2.5, "x")
    for name, (_, most, memory) in _COMMANDS.items():
        limit = None if most is None else most + 4 * driver
        yield Figure(f"{name} / pass", ratio(name), limit, "x", note)
        peak = cases[name].peak / MiB
        yield Figure(f"peak memory of {name}", peak, None if driver else memory, "MiB")
    grown = ratio("more rules") - ratio("report")
    yield Figure(f"report: what 100 rules beside {rules} add", grown, None, "of pass")
    both = ratio("report --model DIR") / ratio("report")
    yield Figure("report --model DIR / report", both, None, "x", "a tokenizer of 262,144 entries")
