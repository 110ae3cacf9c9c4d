"""What other commands cost that tell about a stack: those installed in this environment."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from .figure import Figure
from .processes import MiB, cost_of

# What is typed after ``python``, by the module that must be there.
COMMANDS = {
    "pip": "-m pip check",
    "torch": "-m torch.utils.collect_env",
    "accelerate": "-m accelerate.commands.accelerate_cli env",
    "transformers": "-m transformers.cli.transformers env",
    "gemma_compat": "-m gemma_compat report",
}


def measure(rounds: int) -> Iterator[Figure]:
    """Measure each command against an empty interpreter, taking turns."""
    found = {text: text.split() for name, text in COMMANDS.items() if find_spec(name)}
    turns: dict[str, list[tuple[float, int]]] = {text: [] for text in ("pass", *found)}
    for _ in range(rounds):
        turns["pass"].append(_turn(["-I", "-c", "pass"]))
        for text, words in found.items():
            turns[text].append(_turn(words))
    base = statistics.median(seconds for seconds, _ in turns.pop("pass"))
    for text, seen in turns.items():
        ratio = statistics.median(seconds for seconds, _ in seen) / base
        peak = max(size for _, size in seen) / MiB
        yield Figure(f"python {text} / pass", ratio, None, "x", f"{peak:.0f} MiB")


def _turn(words: list[str]) -> tuple[float, int]:
    cost = cost_of([sys.executable, *words], None, {**os.environ, "HF_HUB_OFFLINE": "1"})
    return cost["seconds"], cost["peak"]
