"""The page of what the cures cost, docs/measurements/costs.md, from one or more runs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Part = dict[str, Any]
_HEAD = """\
# What the cures cost

Written by `python -m benchmarks.gpu costs` from `costs.json`. Do not edit.

Each cure by itself in a circumstance that it is for, on random weights of the published shapes:
{batch} tokens, {card}, torch {torch}, run on {date}. Milliseconds of a step, forward and backward,
without the cure and with it: the median of nine steps on each side, taken in turns (of one where
the 4-bit layers compute in float32). The peak is what torch held at most. *all* is what
`patch(model)` applies unasked. The cosine compares the gradients with the cure to those without.
"""
_SHALLOW = """\
## Compiled

The same by `torch.compile(model)`, with ten layers of each model, since compiling takes minutes
otherwise. Compiled anew for each side: a compiled model does not see hooks that come later.
"""


def merged(documents: Sequence[Part]) -> Part:
    """Return one document with the parts of all, in their order."""
    parts = [
        {"name": name, **part} for document in documents for name, part in document["parts"].items()
    ]
    return {"date": documents[0]["date"], "parts": parts}


def page(document: Part) -> str:
    """Return the page."""
    costs = [part for part in document["parts"] if part["name"].startswith("costs")]
    compiled = [part for part in document["parts"] if part["name"].startswith("compiled")]
    about = costs[0]["records"][0]
    batch = " x ".join(f"{size:,}" for size in about["batch"])
    lines = [_HEAD.format(batch=batch, date=document["date"], **_machine(costs))]
    lines += _table([row for part in costs for row in _rows(part)])
    lines += ["", _SHALLOW]
    lines += _table([row for part in compiled for row in _rows(part)])
    lines += ["", *_left_out(document["parts"])]
    return "\n".join(lines).rstrip() + "\n"


def _machine(parts: Sequence[Part]) -> dict[str, str]:
    found = [part["records"][0] for part in parts if part["records"]]
    return {
        name: " and ".join(dict.fromkeys(str(about[name]) for about in found))
        for name in ("card", "torch")
    }


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    head = ["model", "trains", "transformers", "circumstance", "cure", "ms without", "with"]
    head += ["ratio", "peak GiB without", "with", "cosine"]
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _rows(part: Part) -> Iterator[tuple[str, ...]]:
    if not part["records"] or "model" not in part["records"][0]:
        return
    about, *records = part["records"]
    start = (about["model"], about["trains"], about["transformers"])
    for record in records:
        if "unpatched" not in record:
            continue
        where = record["circumstance"] + (", compiled" if record.get("compiled") else "")
        cure = record["cure"]
        if cure == "all":
            cure = f"all ({', '.join(record['patches']) or 'nothing'})"
        sides = record["unpatched"], record["patched"]
        yield (
            *start,
            where,
            cure,
            *(f"`{x['error']}`" if "error" in x else f"{x['ms']:.1f}" for x in sides),
            f"{record['time_ratio']:.3f}" if "time_ratio" in record else "-",
            *(f"{x['peak_mib'] / 1024:.2f}" if "peak_mib" in x else "-" for x in sides),
            _cosine(record.get("gradients")),
        )


def _cosine(found: Part | None) -> str:
    if found is None:
        return "-"
    return str(found.get("cosine", "not compared"))


def _left_out(parts: Sequence[Part]) -> Iterator[str]:
    """Yield what was not measured, and why."""
    missing = []
    for part in parts:
        if part.get("error"):
            missing.append(f"- {part['name']}: ended early: {part['error']}")
        for record in part["records"]:
            why = record.get("error") or record.get("note")
            if why and "circumstance" in record:
                what = f"{record['cure']}, {record['circumstance']}"
                what += ", compiled" if record.get("compiled") else ""
                missing.append(f"- {part['name']}, {what}: {why}")
    if missing:
        yield "## Not measured"
        yield ""
        yield from missing
