"""The page of what the cures cost, docs/measurements/costs.md, from one or more runs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Part = dict[str, Any]
_FAR = 0.9  # a cosine below it is of wrong gradients
_HEAD = """\
# What the cures cost

Written by `python -m benchmarks.gpu costs` from `costs.json`. Do not edit.

Each cure by itself in a circumstance that it is for, on random weights of the published shapes:
{batch} tokens, {card}, torch {torch}, run on {date}. *all* is what `patch(model)` applies unasked;
*release* is that of transformers.

Times are milliseconds of a step, forward and backward: the median of nine, and in brackets the
fastest, without the cure and with it in turns (of one, where 4-bit layers compute in float32).
Where the step fails without the cure, the error stands there. Checkpointed steps of models with
many small layers wait for the CPU, and their medians differ from run to run. Rows that are alike
but for the figures are several runs; the fastest steps say more there.

The peak is what torch held at most. The cosine compares the gradients with the cure to those
without. It is near 1 where the cure changes only time and memory, and far from 1 where the
gradients were wrong (GC104, GC201, GC804) or all but overflowed (GC401). Where it is near 1 for
the whole and not for one parameter, the lowest stands beside it (GC107).

What some rows mean:

- GC301 is opt-in: it runs `eager` attention, which takes that time and memory.
- GC501 sets a flag on the model that a Trainer reads when it is made. A step is the same step.
- GC801 and GC1001 end an error, so their rows have nothing to compare with. The rows of the same
  model in its own loop, where no error arises, show what their hooks take.
- GC102 and GC103 in an evaluation: no cache is kept, so the peak is lower by the cache.
"""
_SHALLOW = """\
## Compiled

The same by `torch.compile(model)`, with ten layers of each model, since compiling takes minutes
otherwise. Compiled anew for each side: a compiled model does not see hooks that come later.

*nothing* is a yardstick: no cure on either side. The peak differs under checkpointing. A model
whose config has `use_cache` on logs a warning there, and `torch.compile` ends its graph at it. The
cures turn the cache off, so the graph goes on and the compiler plans other memory. For Gemma 3 4B
`use_cache=False` without any cure takes as much. For the two others that was not tried.
"""
_STEPS = """\
## The published Gemma 3 270M

All cures together in many steps: {runs}.
*nothing* is a yardstick, the same step on both sides: where its ratio is as far from 1, a ratio
says nothing. Times on a CPU are those of the processor, with one thread, while other programs ran.
"""
_REENTRY = """\
## Why a step takes longer without reentry

Gemma 4 E2B, rows of 2,048 tokens, LoRA. *CPU* is the time until the step has sent its work,
*kernels* the time for which the GPU computes, by torch's profiler. The kernels are the same with
and without reentry, up to those that add the gradients which reentry loses. The CPU takes longer:
torch's non-reentrant checkpointing calls Python for each tensor that is kept for the backward
pass (read in its code). Where it takes longer than the kernels, the GPU waits for it.

The fastest step with GC201, where reentry was asked for, takes {ratios} times
the fastest with reentry.
Plain non-reentrant checkpointing, without a cure, takes {plain} times it.
The two cases with GC201 are the same step: how far they differ is how far such steps vary.
"""


def merged(documents: Sequence[Part]) -> Part:
    """Return one document with the parts of all, in their order; one may be such a document."""
    parts: list[Part] = []
    for document in documents:
        found = document["parts"]
        if isinstance(found, dict):
            found = [{"name": name, **part} for name, part in found.items()]
        parts += found
    dates = dict.fromkeys(document["date"] for document in documents)
    return {"date": " and ".join(dates), "parts": parts}


def page(document: Part) -> str:
    """Return the page."""
    costs, compiled, steps, reentry = (
        [part for part in document["parts"] if part["name"].startswith(start)]
        for start in ("costs", "compiled", "steps", "reentry")
    )
    about = costs[0]["records"][0]
    batch = " x ".join(f"{size:,}" for size in about["batch"])
    lines = [_HEAD.format(batch=batch, date=document["date"], **_machine(costs))]
    lines += _table([row for part in costs for row in _rows(part)])
    lines += ["", _SHALLOW]
    lines += _table([row for part in compiled for row in _rows(part)])
    if steps:
        text = _STEPS.format(runs="; ".join(_run(part) for part in steps))
        lines += ["", text, *_table([row for part in steps for row in _rows(part)])]
    if reentry:
        ratios = {cure: _against_reentry(reentry, *case) for cure, case in _COMPARED.items()}
        lines += ["", _REENTRY.format(**ratios), *_reentry_table(reentry)]
    lines += ["", *_left_out(document["parts"])]
    return "\n".join(lines).rstrip() + "\n"


def _machine(parts: Sequence[Part]) -> dict[str, str]:
    found = [part["records"][0] for part in parts if part["records"]]
    return {
        name: " and ".join(dict.fromkeys(str(about[name]) for about in found))
        for name in ("card", "torch")
    }


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    head = ["model", "trains", "release", "circumstance", "cure", "ms without", "with"]
    head += ["ratio", "of the fastest", "peak GiB without", "with", "cosine"]
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _run(part: Part) -> str:
    """Return where the steps of a part ran, and on what."""
    about, *records = part["records"]
    rows, tokens = about["batch"]
    steps = max(r["unpatched"].get("steps", 0) for r in records if "unpatched" in r)
    return (
        f"{steps} on each side on {about['card']}, {about['weights']} weights, "
        f"{rows} x {tokens:,} tokens"
    )


_REENTRANT = "reentrant checkpointing"
_COMPARED = {
    "ratios": (_REENTRANT, "GC201"),
    "plain": (f"non-{_REENTRANT}", "nothing"),
}


def _against_reentry(parts: Sequence[Part], circumstance: str, cure: str) -> str:
    """Return the fastest step's ratio to that of reentrant checkpointing, for each batch."""
    found = {
        (record["rows"], record["circumstance"], record["cure"]): record["min_ms"]
        for part in parts
        for record in part["records"][1:]
        if "min_ms" in record
    }
    ratios = [
        f"{time / found[rows, _REENTRANT, 'nothing']:.2f} ({rows} rows)"
        for (rows, where, code), time in found.items()
        if (where, code) == (circumstance, cure)
    ]
    return ", ".join(ratios).replace("(1 rows)", "(1 row)")


def _reentry_table(parts: Sequence[Part]) -> Iterator[str]:
    head = ["rows", "circumstance", "cure", "ms", "fastest", "CPU, fastest", "kernels, ms"]
    head += ["kernels"]
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    names = ("rows", "circumstance", "cure", "ms", "min_ms", "sent_ms", "kernels_ms", "kernels")
    for record in (record for part in parts for record in part["records"][1:]):
        yield f"| {' | '.join(str(record.get(name, '-')) for name in names)} |"


def _rows(part: Part) -> Iterator[tuple[str, ...]]:
    if not part["records"] or "model" not in part["records"][0]:
        return
    about, *records = part["records"]
    model = about["model"]
    if part["name"].startswith("steps"):
        model += f", {about['card']}"
    start = (model, about["trains"], about["transformers"])
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
            *(f"{x['peak_mib'] / 1024:.2f}" if x.get("peak_mib") else "-" for x in sides),
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
    cosine, lowest = (found.get(name) for name in ("cosine", "lowest"))
    if cosine is not None and lowest is not None and lowest < _FAR < float(cosine):
        return f"{cosine:.4f}, lowest {lowest:.2f}"
    return "not compared" if cosine is None else f"{cosine:.4f}"


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
    release = next((r["transformers"] for r in part["records"] if "transformers" in r), "?")
    cure, where = (record.get(name) for name in ("cure", "circumstance"))
    return f"{part['name']} on transformers {release}: {cure}, {where}{compiled}"
