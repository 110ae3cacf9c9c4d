"""The page's part about GPUs, from ``real_gpu.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gemma_compat.memory import Setup, estimate, read_shape
from gemma_compat.tables import checkpoints

_GIB = 1 << 30


def section(results: Path) -> Iterator[str]:
    """Yield the lines of the part; nothing where there are no results of a GPU."""
    if not results.exists():
        return
    data = json.loads(results.read_text(encoding="utf-8"))
    yield "## On a GPU"
    yield ""
    yield f"{data['card']}, torch {data['torch']}, {data['date']}, by"
    yield "`python -m benchmarks.real.gpu`: thirty steps of 4 x 2 rows of 256 tokens of Python's"
    yield "documentation by Hugging Face's Trainer, checkpointing, evaluated after each tenth step."
    yield ""
    yield from _runs([run for run in data["runs"] if run["precision"] != "fp32"])
    yield "A paragraph in each precision; the cosine is the lowest of all gradients to float32's:"
    yield ""
    yield "| precision | loss | finite gradients | lowest cosine |"
    yield "| --- | --- | --- | --- |"
    for item in data["precisions"]:
        alike = item["lowest_cosine"]
        loss = item["loss"] if item["loss"] == "nan" else f"{float(item['loss']):.4f}"
        yield (
            f"| {item['precision']} | {loss} | {item['finite']} of {item['parameters']} | "
            f"{'-' if alike is None else f'{alike:.4f}'} |"
        )
    yield ""
    yield from _two([run for run in data["runs"] if run["precision"] == "fp32"])


def _runs(runs: list[dict[str, Any]]) -> Iterator[str]:
    yield "| transformers | weights | trains | patched | training loss | evaluation | peak |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for run in runs:
        release = run.get("transformers", run["stack"])
        kind = run["kind"] + (", compiled" if run["compiled"] else "")
        if "failed" in run:
            cells = (release, run["precision"], kind, _yes(run), run["failed"], "-", "-")
            yield f"| {' | '.join(cells)} |"
            continue
        error = f"`{run['error']}`" if "error" in run else _listed(run["evaluations"])
        yield (
            f"| {release} | {run['precision']} | {kind} | {_yes(run)} | {_listed(run['losses'])} | "
            f"{error} | {run['peak_gib']:.2f} GiB |"
        )
    yield ""
    yield '`patch(model)` alone leaves float16 as it is: GC401 is opt-in (`select=["GC401"]`).'
    yield ""


def _yes(run: dict[str, Any]) -> str:
    if run.get("cures"):
        return ", ".join(run["cures"])
    return "yes" if run["patched"] else "no"


def _listed(values: list[Any]) -> str:
    return ", ".join(str(v) if isinstance(v, str) else f"{v:.3f}" for v in values) or "-"


def _two(runs: list[dict[str, Any]]) -> Iterator[str]:
    """Two GPUs: DDP and FSDP2 against each other, and their peaks against the estimate."""
    if not runs:
        return
    yield "Two GPUs, all weights in float32, the same rows in a step (the last step of an epoch"
    yield "differs from one GPU's, whose batches are not filled up):"
    yield ""
    yield "| spread | patched | training loss | evaluation | peak of a rank | estimate |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for run in runs:
        expected = expected_gib(run["spread"])
        yield (
            f"| {run['spread']} | {_yes(run)} | {_listed(run['losses'])} | "
            f"{_listed(run['evaluations'])} | {run['peak_gib']:.2f} GiB | {expected:.2f} GiB "
            f"({expected / run['peak_gib'] - 1:+.1%}) |"
        )
    yield ""


def expected_gib(spread: str) -> float:
    """Return the GiB that torch is expected to hold at the peak, spread so over two GPUs."""
    found = checkpoints.find("google/gemma-3-270m")
    assert found is not None
    ranks = 1 if spread == "no" else 2
    setup = Setup(
        rows=4 // ranks,
        tokens=256,
        width=4,
        autocast=False,
        optimizer="adamw_torch_fused",
        checkpointing=True,
        attention="sdpa",
        masked=False,
        accumulation=2,
        spread=spread.removesuffix("2"),
        ranks=ranks,
    )
    return estimate(read_shape(found.config), setup).allocated / _GIB
