"""The measured runs as shapes and setups."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from benchmarks.memory import FOLDER, setup_of
from gemma_compat.memory import Setup, Shape, read_shape

DATA = json.loads((FOLDER / "memory.json").read_text("utf-8"))
RUNS: list[dict[str, Any]] = DATA["runs"]


def shape(run: Mapping[str, Any]) -> Shape:
    return read_shape(DATA["shapes"][run["model"]])


def setup(run: Mapping[str, Any]) -> Setup:
    """What was trained; nothing is fitted to a run."""
    return setup_of(run, DATA["shapes"][run["model"]])
