"""The page of what the cures cost, docs/measurements/costs.md, from one or more runs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Part = dict[str, Any]
_HEAD = """\
# What the cures cost

Written by `python -m benchmarks.gpu costs` from `costs.json`. Do not edit.

Each cure by itself in a circumstance that it is for, on random weights of the published shapes:
{batch} tokens, {card}, torch {torch}, run on {date}. *all* is what `patch(model)` applies unasked.

Times are milliseconds of a step, forward and backward: the median of nine, and in brackets the
fastest, without the cure and with it in turns (of one, where 4-bit layers compute in float32).
Where the step fails without the cure, the error stands there. Checkpointed steps of models with
many small layers wait for the CPU, and their medians differ from run to run. Rows that are alike
but for the figures are two runs; the fastest steps say more there.

The peak is what torch held at most. The cosine compares the gradients with the cure to those
without. It is near 1 where the cure changes only time and memory, and far from 1 where the
gradients were wrong (GC104, GC201, GC804) or all but overflowed (GC401).
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
    head += ["ratio", "of the fastest", "peak GiB without", "with", "cosine"]
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
            *(_time(side) for side in sides),
            *_ratios(record, *sides),
            *(f"{x['peak_mib'] / 1024:.2f}" if "peak_mib" in x else "-" for x in sides),
            _cosine(record.get("gradients")),
        )


def _time(side: Part) -> str:
    if "error" in side:
        return f"`{side['error'].partition(':')[0]}`"
    return f"{side['ms']:.1f} ({side['min_ms']:.1f})"


def _ratios(record: Part, before: Part, after: Part) -> tuple[str, str]:
    if "time_ratio" not in record:
        return "-", "-"
    return f"{record['time_ratio']:.3f}", f"{after['min_ms'] / before['min_ms']:.3f}"


def _cosine(found: Part | None) -> str:
    if found is None:
        return "-"
    return str(found.get("cosine", "not compared"))


def _left_out(parts: Sequence[Part]) -> Iterator[str]:
    """Yield what no run measured, and why."""
    found = {_what(part, r) for part in parts for r in part["records"] if "unpatched" in r}
    missing = {
        _what(part, record): record.get("error") or record["note"]
        for part in parts
        for record in part["records"]
        if record.get("error") or record.get("note")
    }
    missing = {what: why for what, why in missing.items() if what not in found}
    if missing:
        yield "## Not measured"
        yield ""
        yield from (f"- {what}: {why}" for what, why in missing.items())


def _what(part: Part, record: Part) -> str:
    compiled = ", compiled" if record.get("compiled") else ""
    return f"{part['name']}: {record.get('cure')}, {record.get('circumstance')}{compiled}"
