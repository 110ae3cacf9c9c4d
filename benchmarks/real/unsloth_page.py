"""The part of docs/measurements/real.md about Unsloth, from real_unsloth.json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def section(results: Path) -> Iterator[str]:
    """Yield the lines; nothing where Unsloth was not run."""
    if not results.exists():
        return
    data = json.loads(results.read_text(encoding="utf-8"))
    yield "## Through Unsloth's own loader and TRL's trainer"
    yield ""
    yield f"{data['card']}, {data['date']}, by `python -m benchmarks.real.unsloth`: LoRA of"
    yield "rank 8, twenty steps, evaluated after each tenth; Unsloth's own precision and"
    yield "checkpointing, compiled."
    yield ""
    columns = ["unsloth", "transformers", "loads", "weights in half", "patched", "training loss"]
    columns += ["evaluation", "peak", "process"]
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for run in data["runs"]:
        yield f"| {' | '.join(_cells(run))} |"
    yield ""
    yield from _left_out(data["runs"])


def _cells(run: dict[str, Any]) -> Iterator[str]:
    versions = run["versions"]
    yield versions["unsloth"]
    yield versions["transformers"]
    yield run["case"].replace("bit", " bits")
    yield str(run["half_weights"])
    yield ", ".join(run["patch"]) or "yes: nothing to do" if run["patched"] else "no"
    yield _listed(run["losses"])
    yield f"`{run['error']}`" if run["error"] else _listed(run["evaluations"])
    yield f"{run['peak_gib']:.2f} GiB"
    yield f"{run['process_seconds']:.0f} s"


def _listed(values: list[str]) -> str:
    return ", ".join(f"{float(value):.4f}" for value in values) or "-"


def _left_out(runs: list[dict[str, Any]]) -> Iterator[str]:
    """Say what had to be switched off so that the old stack loads beside this torch."""
    for run in runs:
        if run["left_out"]:
            name, _, error = run["left_out"].partition(": ")
            versions = run["versions"]
            yield f"unsloth_zoo {versions['unsloth_zoo']} cannot load a model beside torch"
            yield f"{versions['torch']}: its `{name}` ends with `AttributeError: {error}`. That one"
            yield "function was switched off; the torch of that month was not run."
            yield ""
            return
