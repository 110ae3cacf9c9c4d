"""Whole processes, cold: CPU time and peak memory, their children counted."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import logs
from .figure import Figure

MiB = 1 << 20
_TURN = Path(__file__).with_name("turn.py")


@dataclass
class Case:
    """A command and what its turns cost: CPU seconds, and peak resident bytes."""

    command: list[str]
    seconds: list[float] = field(default_factory=list)
    peak: int = 0

    def take_turn(self, folder: Path) -> None:
        """Run it once there and wait; the children that it has waited for are counted."""
        cost = cost_of([sys.executable, *self.command], folder, _environment(folder))
        if cost["status"] not in (0, 1, 3):  # 1: there are findings; 3: a failure that none knows
            raise RuntimeError(f"{self.command} ended with {cost['status']}")
        self.seconds.append(cost["seconds"])
        self.peak = max(self.peak, cost["peak"])


def cost_of(command: list[str], folder: Path | None, environment: dict[str, str]) -> Any:
    """Run a command there, from a process that holds nothing.

    Returns:
        ``status``, ``seconds`` of CPU, and ``peak`` bytes of resident memory.
    """
    done = subprocess.run(
        [sys.executable, "-I", str(_TURN), *command],
        cwd=folder,  # -m and -c put it before PYTHONPATH
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


# Name, arguments, the most CPU as a multiple of an empty interpreter's, the most MiB.
_COMMANDS: dict[str, tuple[list[str], float | None, float | None]] = {
    "report": ([], 8, 17.5),
    "report --model DIR": (["--model", "model"], None, 20),
    "what-if": (["--with", "transformers==5.23.0", "--model", "gemma3"], 9, 20),
    "matrix": ([], 10, 19),
    "rule --format json": ([], 9, 21),
}
_SHORT = b"""{'loss': 1.2, 'grad_norm': 0.5, 'epoch': 0.1}
Traceback (most recent call last):
  File "train.py", line 3, in <module>
    trainer.train()
RuntimeError: DataLoader worker (pid 4) is killed by signal: Killed.
"""
# Logs, and the most MiB that explaining one may take.
_LOGS: dict[str, tuple[Callable[[], bytes], float]] = {
    "a short log": (lambda: _SHORT, 18),
    "24 MB of tracebacks": (logs.tracebacks, 21),
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
    for name, (make, _) in _LOGS.items():
        (folder / f"{name}.log").write_bytes(make())
        cases[name] = Case(["-m", "gemma_compat", "explain", f"{name}.log"])
    _check(folder, rules)
    for turn in range(rounds + 1):
        for name, case in cases.items():
            case.take_turn(more if name == "more rules" else folder)
            if not turn:  # it compiles, as any first use does, which takes a MiB too
                case.seconds.clear()
                case.peak = 0
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
    for name, (_, most) in _LOGS.items():
        yield Figure(f"peak memory of explain, {name}", cases[name].peak / MiB, most, "MiB")
    grown = ratio("more rules") - ratio("report")
    yield Figure(f"report: what 100 rules beside {rules} add", grown, 0.3, "of pass")
    both = ratio("report --model DIR") / ratio("report")
    yield Figure("report --model DIR / report", both, 1.25, "x", "a tokenizer of 262,144 entries")
