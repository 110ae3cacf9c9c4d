"""The figures that are committed: what they are compared with, and how they are written."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .figure import Figure

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docs" / "measurements" / "bench.json"
TOLERANCE = 0.15  # what a ratio may grow by


def load() -> float | None:
    """Return the load of this machine over a minute, for each of its cores; ``None`` if unknown."""
    try:
        return round(os.getloadavg()[0] / (os.cpu_count() or 1), 2)
    except (AttributeError, OSError):  # Windows
        return None


def committed() -> dict[str, Any]:
    """Return the document of the last commit; of the file where this is no checkout."""
    name = FILE.relative_to(ROOT).as_posix()
    done = subprocess.run(
        ["git", "show", f"HEAD:{name}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return read()
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def read() -> dict[str, Any]:
    """Return the document that is there; an empty one where there is none."""
    if not FILE.is_file():
        return {"figures": []}
    document: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return document


def grown(figures: Iterable[Figure], before: dict[str, Any]) -> list[str]:
    """Return a line for each ratio that is more than :data:`TOLERANCE` above what it was.

    Times and sizes are those of a machine; ratios are of the code.
    """
    was = {item["what"]: item["measured"] for item in before["figures"] if item["unit"] == "x"}
    return [
        f"{item.what}: {item.measured:.2f} x, was {was[item.what]:.2f} x"
        for item in figures
        if item.unit == "x" and item.measured is not None and was.get(item.what)
        if item.measured > was[item.what] * (1 + TOLERANCE)
    ]


def write(figures: Iterable[Figure], load_before: float | None) -> None:
    """Write the figures; those that were not measured this time stay as they are."""
    document = read()
    new = {item.what: {**asdict(item), "load": load_before} for item in figures}
    old = {item["what"]: item for item in document["figures"]}
    document["figures"] = list({**old, **new}.values())
    FILE.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
