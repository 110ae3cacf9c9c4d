"""Which advised sets were installed and trained a tiny model: read from ``data/proven.json``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def _sets() -> list[dict[str, Any]]:
    import json

    path = os.path.join(os.path.dirname(os.path.dirname(__file__)), "data", "proven.json")
    try:
        with open(path, encoding="utf-8") as file:
            found: list[dict[str, Any]] = json.load(file)["sets"]
    except FileNotFoundError:
        return []
    return found


def proven_text(model_type: str, chosen: Mapping[str, str]) -> str:
    """What was seen of exactly this set and model type, in words; empty where nothing was."""
    for item in _sets():
        if item["model_type"] == model_type and item["advised"] == dict(chosen):
            return str(item["seen"])
    return ""
