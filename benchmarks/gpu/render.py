"""The JSON of a run as a page of tables. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Part = dict[str, Any]
_YES = {True: "yes", False: "**no**", None: "-"}


def render(document: dict[str, Any]) -> str:
    """The page; a part that failed, or was not run, says so in its place."""
    parts = document["parts"]
    lines = ["# Measured on a GPU", "", *_about(document), ""]
    sections = {
        "machine": ("What is seen of the machine", _machine),
        "masking": ("Visible GPUs: detection without CUDA against torch", _masking),
        "detection": ("What seeing them costs", _detection),
        "overflow": ("float16 in the residual stream of Gemma 3", _overflow),
        "padding": ("Rows with nothing to attend to", _padding),
    }
    for name, (title, body) in sections.items():
        lines += [f"## {title}", "", *_body(parts.get(name), body), ""]
    for name in [name for name in parts if name.startswith("patches")]:
        lines += [f"## Patches: {_model_name(parts[name])}", "", *_body(parts[name], _patches), ""]
    return "\n".join(lines).rstrip() + "\n"


def _about(document: dict[str, Any]) -> Iterator[str]:
    small = ", on tiny models" if document.get("tiny") else ""
    yield (
        f"Written by `python -m benchmarks.gpu render` from a run of {document['date']} on "
        f"`{document['device']}`{small}, {document.get('seconds', '?')} s. Do not edit."
    )


def _body(part: Part | None, body: Any) -> Iterator[str]:
    if part is None:
        yield "Not run."
        return
    if part.get("error"):
        yield f"Ended early: {part['error']}."
        yield ""
    records = [record for record in part["records"] if "failed" not in record]
    if records:
        yield from body(records)


def _machine(records: Sequence[Part]) -> Iterator[str]:
    packages = records[0]["packages"]
    installed = ", ".join(f"{name} {version or 'absent'}" for name, version in packages.items())
    yield f"Python {records[0]['python']}; {installed}."
    yield ""
    by_name = {record["what"]: record for record in records[1:]}
    facts = by_name.get("facts", {})
    for gpu in facts.get("gpus", ()):
        values = [f"{name} {_value(value)}" for name, value in gpu.items() if name != "memory_free"]
        yield f"- {', '.join(values)}"
    yield f"- driver {facts.get('driver')}, CUDA {facts.get('cuda_driver')}"
    kernels = by_name.get("kernels", {})
    agree = _YES[kernels.get("agrees")]
    listed = " ".join(kernels.get("from_torch", ())) or "none"
    yield f"- torch's kernels: {listed}; read from its library alike: {agree}"
    traces = by_name.get("traces", {})
    yield (
        f"- in the process after detection: libcuda {_value(traces.get('libcuda'))}, "
        f"NVML {_value(traces.get('libnvidia_ml'))}, torch {_value(traces.get('torch'))}; "
        f"CUDA in a forked child: exit status {traces.get('fork_status', traces.get('error'))}"
    )


def _masking(records: Sequence[Part]) -> Iterator[str]:
    agreed = sum(record["agrees"] for record in records)
    yield f"{agreed} of {len(records)} cases agree (UUIDs in order, and compute capability)."
    yield ""
    rows = (
        (
            " ".join(f"{k}={v!r}" for k, v in _hidden(record["case"]).items()) or "nothing set",
            _seen(record["ours"]),
            _seen(record["torch"]),
            _YES[record["agrees"]],
        )
        for record in records
    )
    yield from _table(("environment", "ours", "torch", "agree"), rows)


def _hidden(case: dict[str, str]) -> dict[str, str]:
    """The case without the card's identity: ``GPU-<uuid>``, cut where the case cut it."""
    import re

    return {
        name: re.sub(r"(?i)[0-9a-f]{8}-[0-9a-f-]{27}", "<uuid>", value)
        if len(value) > 20
        else re.sub(r"GPU-[0-9a-f]{8}$", "GPU-<first 8>", value)
        for name, value in case.items()
    }


def _seen(side: Part) -> str:
    if "failed" in side:
        return str(side["failed"])
    if side.get("uuids") is None:
        return f"unknown: {side.get('reason')}"
    return f"{len(side['uuids'])} GPU" + ("" if len(side["uuids"]) == 1 else "s")


def _detection(records: Sequence[Part]) -> Iterator[str]:
    found = records[0]
    rows = [
        ("detection, cold process", f"{found['ours_ms']} ms", f"{found['limit_ms']} ms"),
        ("import torch and ask it, cold process", f"{found['torch_ms']} ms", "-"),
        ("ratio", f"{found['ratio']}", f"at least {found['limit_ratio']}"),
    ]
    yield from _table(("what", "median", "limit"), rows)
    yield ""
    if "card" in found:  # this part may be newer than the others
        where, spent = found["card"] or "no GPU", found["torch_import_ms"]
        yield f"Measured on {where}, {found['date']}. Importing torch takes {spent} ms of its time."
        yield ""
    yield f"Limits hold: {_YES[found['holds']]}. Single runs: {found['all_ours_ms']} ms, torch "
    yield f"{found['all_torch_ms']} ms."


def _overflow(records: Sequence[Part]) -> Iterator[str]:
    rows = (
        (
            record.get("dtype") or f"float16, {record.get('patch') or 'patched'}",
            record.get("error") or record.get("note") or _value(record.get("loss")),
            _YES[record.get("logits_finite")],
            _YES[record.get("gradients_finite")],
            _value(record.get("largest_activation")),
            _value(record.get("cosine_with_float32")),
        )
        for record in records
    )
    head = ("run", "loss", "logits finite", "gradients finite", "largest activation", "cosine")
    yield from _table(head, rows)


def _padding(records: Sequence[Part]) -> Iterator[str]:
    kernels = [record for record in records if record["what"] == "kernel"]
    ran = [record for record in kernels if "error" not in record]
    bad = [record for record in ran if not _all_finite(record)]
    yield f"{len(ran)} of {len(kernels)} kernel calls are supported; {len(bad)} give NaN:"
    yield ""
    names = ("head_dim", "dtype", "mask", "backend")
    finite = ("padded_rows_finite", "other_rows_finite", "gradients_finite")
    rows = (
        tuple(str(r[name]) for name in names) + tuple(_YES[r[name]] for name in finite) for r in bad
    )
    yield from _table((*names, *(name.replace("_", " ") for name in finite)), rows)
    yield ""
    models = [record for record in records if record["what"] == "model"]
    finite = ("loss_finite", "logits_finite", "gradients_finite")
    yield "Training steps of tiny models with a left-padded row:"
    yield ""
    rows = (
        (
            f"{r['model_type']}, {r['dtype']}, {r['attention']}",
            *(r.get("error") or _YES[r.get(name)] for name in finite),
        )
        for r in models
    )
    yield from _table(("step", *(name.replace("_", " ") for name in finite)), rows)
    for record in records:
        if record["what"] == "flash-attn":
            yield ""
            yield f"FlashAttention: {record.get('note') or record.get('head_dims')}."


def _all_finite(record: Part) -> bool:
    return all(value for name, value in record.items() if name.endswith("_finite"))


def _patches(records: Sequence[Part]) -> Iterator[str]:
    about = records[0]
    yield (
        f"{about['parameters'] / 1e9:.2f} billion random parameters, {about['layers']} layers, "
        f"{about['dtype']}, batch {about['batch']}, {about['attention']}. The gradient's cosine is "
        "with a step without checkpointing."
    )
    yield ""
    head = (
        "circumstance",
        "patches",
        "ms unpatched",
        "ms patched",
        "ratio",
        "peak MiB unpatched",
        "patched",
        "cosine unpatched",
        "patched",
    )
    yield from _table(head, (_patch_row(record) for record in records[1:]))


def _patch_row(record: Part) -> tuple[str, ...]:
    codes = " ".join(record["patches"]) or "none"
    start = (record["circumstance"], codes)
    if "unpatched" not in record:
        return (*start, record.get("error") or record.get("note", ""), *[""] * 6)
    sides = record["unpatched"], record["patched"]
    gradients = record.get("gradients", {})
    cosines = (
        _cosine(gradients.get(f"{name}_with_reference")) for name in ("unpatched", "patched")
    )
    return (
        *start,
        *(side.get("error") or _value(side["ms"]) for side in sides),
        _value(record.get("time_ratio")),
        *(_value(side.get("peak_mib")) for side in sides),
        *cosines,
    )


def _cosine(found: Part | None) -> str:
    """The whole gradient's, and the lowest of one parameter where that differs."""
    if found is None:
        return "-"
    if found["cosine"] == found["lowest"]:
        return str(found["cosine"])
    return f"{found['cosine']} (lowest {found['lowest']}, {found['at']})"


def _model_name(part: Part) -> str:
    first = part["records"][0] if part["records"] else {}
    return str(first.get("model", "not built"))


def _value(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
