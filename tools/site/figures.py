"""What was measured, as bars: inline SVG in the page's own colours."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MEASURED = Path(__file__).resolve().parents[2] / "docs" / "measurements"
_TOP = """\
# Measured, as figures

Each figure is drawn from the data beside it: [gpu.json](gpu.json) and [memory.json](memory.json).
The tables: [on a GPU](gpu.md), [memory](memory.md).

"""
CIRCUMSTANCE = "reentrant checkpointing"
SAME = 0.999
_ROW = re.compile(r"^\| [\w-]+ \| ([\d.]+) \| ([\d.]+) \| [+-]", re.MULTILINE)
Bar = tuple[str, float, str, str]  # label, value, what is written, class


def page() -> str:
    """Return the page as Markdown."""
    gpu = json.loads((MEASURED / "gpu.json").read_text(encoding="utf-8"))
    return _TOP + _patched(gpu["parts"]) + _memory()


def _patched(parts: dict[str, Any]) -> str:
    cosines: list[Bar] = []
    steps: list[Bar] = []
    for part, found in parts.items():
        for record in found["records"] if part.startswith("patches-") else ():
            if record.get("selected") != "all" or record["circumstance"] != CIRCUMSTANCE:
                continue
            name = found["records"][0]["model"]
            for kind in ("unpatched", "patched"):
                value = record["gradients"][f"{kind}_with_reference"]["cosine"]
                tone = "good" if value >= SAME else "bad"
                cosines.append((f"{name}, {kind}", value, f"{value:.4f}", tone))
                ms = record[kind]["ms"]
                steps.append((f"{name}, {kind}", ms, f"{ms:.0f} ms", "plain"))
    return (
        "## Reentrant checkpointing: the gradient, and what a right one costs\n\n"
        "Cosine of the whole gradient with that of a step without checkpointing, on one H100; 1 is "
        f"the right network.\n\n{bars(cosines, 1.0)}\n\n"
        f"Median time of that step, of 12.\n\n{bars(steps)}\n\n"
    )


def _memory() -> str:
    text = (MEASURED / "memory.md").read_text(encoding="utf-8")
    points = [(float(a), float(b)) for a, b in _ROW.findall(text)]
    return (
        "## The memory estimate against a GPU\n\n"
        f"Each of {len(points)} runs on one H200: what was measured, to the right, and what was "
        "estimated, upwards, in GiB on logarithmic axes. On the line, the two are equal.\n\n"
        f"{scatter(points)}\n"
    )


def scatter(points: Sequence[tuple[float, float]]) -> str:
    """Return the points on logarithmic axes of one scale, with the line on which both are equal."""
    low, high = math.log(2), math.log(100)

    def at(value: float) -> float:
        return 400 * (math.log(value) - low) / (high - low)

    parts = ['<svg class="gc-bars gc-scatter" viewBox="-45 -10 470 450" role="img">']
    parts.append('<line x1="0" y1="400" x2="400" y2="0"/>')
    for tick in (2, 5, 10, 20, 50, 100):
        parts.append(f'<text x="{at(tick) - 8:.0f}" y="422">{tick}</text>')
        parts.append(f'<text x="-34" y="{404 - at(tick):.0f}">{tick}</text>')
    for measured, estimated in points:
        x, y = at(measured), 400 - at(estimated)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
    return "".join([*parts, "</svg>"])


def bars(rows: Sequence[Bar], full: float | None = None) -> str:
    """Return horizontal bars on one scale from 0, each with its label above and its value after."""
    largest = full or max(value for _, value, _, _ in rows)
    height = 38 * len(rows)
    parts = [f'<svg class="gc-bars" viewBox="0 0 600 {height}" role="img">']
    for number, (label, value, text, tone) in enumerate(rows):
        top, width = 38 * number, 480 * value / largest
        parts.append(f'<text x="0" y="{top + 13}">{html.escape(label)}</text>')
        parts.append(
            f'<rect class="gc-{tone}" x="0" y="{top + 18}" width="{width:.1f}" height="12"/>'
        )
        parts.append(f'<text x="{width + 6:.1f}" y="{top + 29}">{html.escape(text)}</text>')
    return "".join([*parts, "</svg>"])
