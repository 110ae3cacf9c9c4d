"""The page's figures, as SVG for a light and for a dark page (matplotlib, of the docs' extra)."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

LARGEST_FLOAT16 = 65_504

_STYLES = {"light": ("#1f2328", "#57606a"), "dark": ("#e6edf3", "#9198a1")}
_COLOURS = ("#3b82c4", "#d9822b", "#2f9e6e", "#b5507b", "#8a6fc9", "#c9a227")
_MEASURED = "#7d8894"
Axes = Any


def draw(cases: dict[str, Any], folder: Path) -> None:
    """Draw what the cases hold into ``folder/images``."""
    figures = {
        name: drawing
        for name, drawing in {
            "stream": _stream(cases),
            "losses": _losses(cases),
            "memory": _memory(cases),
            "half": _half(folder / "real_rules_gpu.json"),
        }.items()
        if drawing is not None
    }
    (folder / "images").mkdir(exist_ok=True)
    for name, drawing in figures.items():
        for style, (ink, faint) in _STYLES.items():
            _save(drawing, folder / "images" / f"{name}-{style}.svg", ink, faint)


def _save(drawing: Callable[[Axes], None], path: Path, ink: str, faint: str) -> None:
    matplotlib: Any = import_module("matplotlib")
    matplotlib.use("Agg")
    plot: Any = import_module("matplotlib.pyplot")
    # Text stays text, in the reader's own font; equal figures make equal files.
    settings = {"svg.fonttype": "none", "svg.hashsalt": path.stem, "font.family": "sans-serif"}
    with plot.rc_context(
        {**settings, "text.color": ink, "axes.labelcolor": ink, "axes.edgecolor": faint}
        | {"xtick.color": faint, "ytick.color": faint, "legend.labelcolor": ink}
        | {"axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}
    ):
        figure, axes = plot.subplots(figsize=(7, 3.2), layout="constrained")
        drawing(axes)
        figure.savefig(path, transparent=True, metadata={"Date": None})
        plot.close(figure)


def _newest(cases: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return next((found for label, found in cases.items() if label.startswith(name) and found), [])


def _stream(cases: dict[str, Any]) -> Callable[[Axes], None] | None:
    found = _newest(cases, "overflow")
    if not found:
        return None

    def drawing(axes: Axes) -> None:
        stream = found[0]["stream"]
        over = [_COLOURS[1] if value > LARGEST_FLOAT16 else _COLOURS[0] for value in stream]
        axes.bar(range(len(stream)), stream, color=over)
        axes.axhline(LARGEST_FLOAT16, color=_COLOURS[3], linestyle="--", linewidth=1)
        axes.annotate("65,504, the largest float16", (0, LARGEST_FLOAT16 * 1.03))
        axes.set(xlabel="decoder layer", ylabel="largest absolute value")
        axes.set_xticks(range(0, len(stream), 2))
        axes.yaxis.set_major_formatter("{x:,.0f}")

    return drawing


def _losses(cases: dict[str, Any]) -> Callable[[Axes], None] | None:
    found = [v for k, v in cases.items() if k.startswith("founding 4.50")]
    if not found or not found[0]:
        return None

    def drawing(axes: Axes) -> None:
        for colour, item in zip(_COLOURS, [x for x in found[0] if x["patched"]], strict=False):
            steps = range(1, len(item["losses"]) + 1)
            axes.plot(steps, item["losses"], "o-", color=colour, label=f"{item['kind']}, patched")
        for item in (x for x in found[0] if "error" in x):
            losses = item["losses"] or [0.0]
            axes.plot(len(losses), losses[-1], "x", color=_COLOURS[3], markersize=11)
            label = f"{item['kind']}, not patched: AttributeError"
            point = (len(losses), losses[-1])
            # on the side that the line of the patched run does not go on to
            after = _next_loss(found[0], item["kind"], len(losses))
            offset = (8, -16 if after > losses[-1] else 6)
            axes.annotate(label, point, xytext=offset, textcoords="offset points")
        axes.set(xlabel="step (evaluated after steps 2 and 4)", ylabel="training loss")
        axes.set_xticks(range(1, 5))
        axes.legend()

    return drawing


def _next_loss(runs: list[dict[str, Any]], kind: str, steps: int) -> float:
    """Return the loss of the patched run of this kind after that many steps."""
    return next(float(x["losses"][steps]) for x in runs if x["patched"] and x["kind"] == kind)


def _memory(cases: dict[str, Any]) -> Callable[[Axes], None] | None:
    found = [
        record
        for label, records in cases.items()
        if label.startswith("memory")
        for record in records
    ]
    if not found:
        return None

    def drawing(axes: Axes) -> None:
        names = sorted({name for item in found for name in item["parts_gib"]})
        rows = [f"{item['kind']}: estimate" for item in found]
        left = [0.0] * len(found)
        for colour, name in zip(_COLOURS * 2, names, strict=False):
            widths = [item["parts_gib"].get(name, 0.0) for item in found]
            axes.barh(rows, widths, left=left, color=colour, label=name)
            left = [a + b for a, b in zip(left, widths, strict=True)]
        peaks = [f"{item['kind']}: process" for item in found]
        axes.barh(
            peaks, [item["peak_gib"] for item in found], color=_MEASURED, label="measured peak"
        )
        axes.set(xlabel="GiB")
        axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.18), ncols=4)

    return drawing


def _half(results: Path) -> Callable[[Axes], None] | None:
    """Return the losses of weights in bfloat16 and in float32, on a GPU."""
    if not results.exists():
        return None
    found = json.loads(results.read_text(encoding="utf-8"))["cases"].get("half", [])
    shown = [run for run in found if run["rate"] < 1e-4]
    if not shown:
        return None

    def drawing(axes: Axes) -> None:
        for run in shown:
            colour = _COLOURS[0 if run["dtype"] == "float32" else 1]
            style = "-" if run["rate"] > 5e-6 else "--"
            label = f"{run['dtype']}, learning rate {run['rate']:g}"
            axes.plot(_smooth(run["losses"]), style, color=colour, label=label)
        axes.set(xlabel="step", ylabel="training loss, mean of 20 steps")
        axes.legend()

    return drawing


def _smooth(values: list[float], width: int = 20) -> list[float]:
    """Return the mean of the last ``width`` values at each place; of fewer at the beginning."""
    parts = [values[max(0, end - width) : end] for end in range(1, len(values) + 1)]
    return [sum(part) / len(part) for part in parts]
