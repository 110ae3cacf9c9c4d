"""The measured runs as shapes and setups."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gemma_compat.memory import ALL_LINEAR, Adapter, Setup, Shape

DATA = json.loads(
    (Path(__file__).parents[2] / "docs" / "measurements" / "memory.json").read_text("utf-8")
)
RUNS: list[dict[str, Any]] = DATA["runs"]


def shape(run: Mapping[str, Any]) -> Shape:
    return Shape.from_config(DATA["shapes"][run["model"]])


def setup(run: Mapping[str, Any]) -> Setup:
    """What was trained, as the runs state it; nothing is fitted to a run."""
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
        masked="text_config" in DATA["shapes"][run["model"]] or run.get("padded", False),
        loss=run["loss"],
        accumulation=run.get("accumulation", 1),
        images=run.get("images", 0),
        expandable=run.get("expandable", False),
    )
