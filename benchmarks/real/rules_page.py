"""What single rules state, seen on the published weights: a part of docs/measurements/real.md.

From the cases of ``real.json`` (CPU) and from ``real_rules_gpu.json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Records = list[dict[str, Any]]
Cases = dict[str, Records]


def section(found: dict[str, Any], results: Path, drawn: Iterable[str]) -> Iterator[str]:
    """Yield the lines.

    Args:
        found: ``cases`` of ``real.json``.
        results: the file of the GPU, which may be missing.
        drawn: the lines that show the figure of GC605; none if it is not drawn.
    """
    cases = {label: case["records"] for label, case in found.items()}
    gpu = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {"cases": {}}
    yield "## What rules say, on these weights"
    yield ""
    yield from _elsewhere(found)
    yield from _tokenizer(_of(cases, "tokenizer"))
    yield from _accumulation(_of(cases, "accumulation"))
    yield from _bidirectional(_of(cases, "bidirectional"))
    yield from _half(_of(cases, "half"), gpu, drawn)
    yield from _four_bit(gpu)
    yield from _logits(gpu)


def _of(cases: Cases, name: str) -> list[tuple[str, Records]]:
    return [(k.removeprefix(name).strip(), v) for k, v in cases.items() if k.startswith(name) and v]


def _elsewhere(found: dict[str, Any]) -> Iterator[str]:
    """Say which of these cases ran on another machine than the page's."""
    labels = [label for label, case in found.items() if "machine" in case]
    if labels:
        machine = found[labels[0]]["machine"]
        yield f"Run on the CPU of another machine ({machine['cores']} cores, Python"
        yield f"{machine['python']}, torch {machine['torch']}): {', '.join(labels)}."
        yield ""


def _tokenizer(found: list[tuple[str, Records]]) -> Iterator[str]:
    if not found:
        return
    yield "Which rules about data and loading `diagnose` finds for the published tokenizer, as it"
    yield "is and as it is misused (GC805, GC612):"
    yield ""
    yield "| tokenizer | a row begins with | largest id | found |"
    yield "| --- | --- | --- | --- |"
    for _, records in found:
        for item in records:
            first = " ".join(f"`{token}`" for token in item["first"])
            codes = ", ".join(item["found"]) or "nothing"
            yield f"| {item['tokenizer']} | {first} | {item['largest_id']:,} | {codes} |"
    yield ""


def _accumulation(found: list[tuple[str, Records]]) -> Iterator[str]:
    if not found:
        return
    yield "What a Trainer logs of one step over four rows, with the multimodal class around these"
    yield "weights (GC501):"
    yield ""
    yield "| transformers | accumulation steps | patched | loss | gradient norm |"
    yield "| --- | --- | --- | --- | --- |"
    for release, records in found:
        for item in records:
            patched = "yes" if item["patched"] else "no"
            yield (
                f"| {release} | {item['accumulation']} | {patched} | {item['loss']:.4f} | "
                f"{item['grad_norm']:.2f} |"
            )
    yield ""


def _bidirectional(found: list[tuple[str, Records]]) -> Iterator[str]:
    if not found:
        return
    yield "How far the states of earlier words move if the last word changes, as a share of the"
    yield "largest value (GC802; these weights, with EmbeddingGemma's switch in the config):"
    yield ""
    yield "| transformers | `use_bidirectional_attention` | moved |"
    yield "| --- | --- | --- |"
    for release, records in found:
        for item in records:
            on = str(item["use_bidirectional_attention"]).lower()
            yield f"| {release} | {on} | {item['earlier_moved']:.4f} |"
    yield ""


def _half(
    found: list[tuple[str, Records]], gpu: dict[str, Any], drawn: Iterable[str]
) -> Iterator[str]:
    rows = [("CPU", item) for _, records in found for item in records]
    rows += [(gpu["card"], item) for item in gpu["cases"].get("half", ())]
    if not rows:
        return
    yield "All weights trained by AdamW in bfloat16, and in float32 under bfloat16 autocast: how"
    yield "many never moved (GC605). The loss is the mean of the last tenth of the steps:"
    yield ""
    yield from drawn
    yield "| on | weights | learning rate | steps | loss | never moved | in the layers |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for place, item in rows:
        last = item["losses"][-max(1, item["steps"] // 10) :]
        yield (
            f"| {place} | {item['dtype']} | {item['rate']:g} | {item['steps']} | "
            f"{sum(last) / len(last):.3f} | {item['unmoved']:.1%} | "
            f"{item['unmoved_in_layers']:.1%} |"
        )
    yield ""


def _four_bit(gpu: dict[str, Any]) -> Iterator[str]:
    records = gpu["cases"].get("four_bit")
    if not records:
        return
    yield f"A LoRA step in 4 bits on an {gpu['card']}, 4 rows of 512 tokens, by the dtype that the"
    yield "4-bit layers compute in (GC404; float16 with GC401 too). A model of this size waits for"
    yield "the CPU; [a Gemma 3 27B](costs.md) is 7 times slower in float32:"
    yield ""
    yield "| computes in | cured | ms | loss | finite gradients |"
    yield "| --- | --- | --- | --- | --- |"
    for item in records:
        cured = "yes" if item["patched"] else "no"
        loss = item["loss"] if item["loss"] == "nan" else f"{float(item['loss']):.4f}"
        yield (
            f"| {item['computes_in']} | {cured} | {item['ms']:.0f} ({item['min_ms']:.0f} to "
            f"{item['max_ms']:.0f}) | {loss} | {item['finite']} of {item['gradients']} |"
        )
    yield ""


def _logits(gpu: dict[str, Any]) -> Iterator[str]:
    records = [item for item in gpu["cases"].get("logits", ()) if "tokens" in item]
    if not records:
        return
    yield "What a checkpointed step takes beyond the weights, for each logit (GC1201): if the loss"
    yield "alone is kept until the backward pass, as a Trainer does, and if the whole output is:"
    yield ""
    yield "| weights | tokens | loss kept: bytes a logit | output kept | GiB, loss kept |"
    yield "| --- | --- | --- | --- | --- |"
    for item in records:
        yield (
            f"| {item['dtype']} | 1 x {item['tokens']:,} | {item['bytes_a_logit']:.2f} | "
            f"{item['kept_bytes_a_logit']:.2f} | {item['peak_gib']:.2f} |"
        )
    yield ""
