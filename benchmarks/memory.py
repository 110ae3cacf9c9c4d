"""The page of the memory estimate: measured peaks beside what is estimated.

    python -m benchmarks.memory        # docs/measurements/memory.json -> memory.md

Each run was three steps of ``transformers.Trainer`` (of TRL's ``SFTTrainer`` where the loss is in
chunks) on random weights of the real shapes, each in another process; ``memory_runs.py`` beside
this file makes them.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gemma_compat.memory import ALL_LINEAR, Adapter, Setup, estimate, read_shape

FOLDER = Path(__file__).parent.parent / "docs" / "measurements"
_GIB = 1 << 30


def setup_of(run: Mapping[str, Any], shape: Mapping[str, Any]) -> Setup:
    """What was trained, as the run states it; nothing is fitted to a run."""
    adapter = None
    if "lora" in run:
        targets = tuple(run.get("targets", ALL_LINEAR))
        adapter = Adapter(run["lora"], targets, dropout=run.get("dropout", False))
    return Setup(
        rows=run["rows"],
        tokens=run["tokens"],
        width=4 if run["dtype"] == "float32" else 2,
        autocast=run["autocast"],
        bits=run.get("bits"),
        double_quant="bits" in run,
        prepared=run.get("prepared", False),
        adapter=adapter,
        optimizer=run["optimizer"],
        checkpointing=run["checkpointing"],
        attention=run["attention"],
        masked="text_config" in shape or run.get("padded", False),
        loss=run["loss"],
        accumulation=run.get("accumulation", 1),
        images=run.get("images", 0),
        expandable=run.get("expandable", False),
        spread=run.get("spread", "no"),
        ranks=run.get("ranks", 1),
    )


def errors_of_other_runs(data: Mapping[str, Any], other: Mapping[str, Any]) -> list[float]:
    """Of the runs of ``fit.json``: the text part alone, in bfloat16 and without autocast."""
    found = []
    for run in other["rows"]:
        config = data["shapes"][run["model"].partition(",")[0]]
        setup = Setup(
            rows=run["rows"],
            tokens=run["tokens"],
            autocast=False,
            adapter=Adapter(16) if "LoRA" in run["model"] else None,
            checkpointing=run["checkpoint_every"] > 0,
            every=max(1, run["checkpoint_every"]),
        )
        peak = estimate(read_shape(config.get("text_config", config)), setup).allocated
        found.append(peak / _GIB / run["real_gib"] - 1)
    return found


def ranks_section(data: Mapping[str, Any], ranks: Mapping[str, Any]) -> list[str]:
    """The lines about two GPUs. The estimates were written down before the runs."""
    software = ", ".join(f"{name} {version}" for name, version in ranks["software"].items())
    lines = [
        "",
        "## Two GPUs",
        "",
        f"{ranks['card']} ({software}),",
        "Gemma 3 1B and 270M with random weights, by `memory_ranks.py`. The estimates were written",
        "down before these runs. Under FSDP2 and mixed precision the trained shards are float32.",
        "ZeRO was not measured.",
        "",
        "| run | measured | estimated | error |",
        "| --- | --- | --- | --- |",
    ]
    for run in ranks["runs"]:
        shape = data["shapes"][run["model"]]
        found = estimate(read_shape(shape), setup_of(run, shape)).allocated
        lines.append(
            f"| {run['id']} | {run['allocated'] / _GIB:.2f} | {found / _GIB:.2f} | "
            f"{found / run['allocated'] - 1:+.1%} |"
        )
    for run in ranks.get("once", ()):
        usual = next(other for other in ranks["runs"] if other["id"] == run["id"])
        lines += [
            "",
            f"One run of `{run['id']}` peaked at {run['allocated'] / _GIB:.2f} GiB in place of "
            f"{usual['allocated'] / _GIB:.2f}. {run['note']}",
        ]
    return lines


def page(data: Mapping[str, Any], older: Mapping[str, Any], ranks: Mapping[str, Any]) -> str:
    """The page in markdown; every number in it is computed here."""
    other = errors_of_other_runs(data, older)
    rows, errors = [], []
    for run in data["runs"]:
        shape = data["shapes"][run["model"]]
        found = estimate(read_shape(shape), setup_of(run, shape))
        error = found.allocated / run["allocated"] - 1
        errors.append(abs(error))
        rows.append(
            f"| {run['id']} | {run['allocated'] / _GIB:.2f} | {found.allocated / _GIB:.2f} | "
            f"{error:+.1%} | {run['process'] / _GIB:.2f} | {found.total / _GIB:.2f} |"
        )
    software = ", ".join(f"{name} {version}" for name, version in data["software"].items())
    head = [
        "# The memory estimate against a GPU",
        "",
        "Written by `python -m benchmarks.memory`. Do not edit.",
        "",
        f"{len(rows)} runs on one {data['card']} ({software}); sdpa unless a name says eager.",
        f"The estimate of `max_memory_allocated` is off by {statistics.median(errors):.1%} in the",
        f"median and by {max(errors):.1%} at worst. Some terms were read off these very runs, and",
        "are proven by them only as far as they recur: AltUp of Gemma 3n outside its layers, what",
        "a frozen image tower keeps, the gradients of embeddings at the end of the backward pass,",
        "the step of Adafactor, cuBLAS's workspace, CUDA's own part and the margin. The rest was",
        "counted in the code of transformers, PEFT and TRL.",
        "",
        f"{len(other)} older runs on another card, which were not looked at while it was written",
        f"(`fit.json`, an H100, without autocast), are off by {max(map(abs, other)):.1%} at worst.",
        "",
        "*Process* is what NVML counted for the process, which had the whole card: torch keeps",
        "freed blocks. *Total* is what `gemma_compat memory` compares with a card: the estimate,",
        "CUDA's own part, and the margin within which torch is known to get along. `runs_within`",
        "in the data is the smallest limit that a run was seen to get along with.",
        "",
        "Not measured: other cards, audio, Muon, FlashAttention, torch.compile.",
        "",
        "| run | measured | estimated | error | process | total |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *rows, *ranks_section(data, ranks)]) + "\n"


def main() -> None:
    names = ("memory", "fit", "memory_ranks")
    read = [json.loads((FOLDER / f"{name}.json").read_text("utf-8")) for name in names]
    (FOLDER / "memory.md").write_text(page(*read), "utf-8")


if __name__ == "__main__":
    main()
