"""Look up which advised sets were installed and trained a tiny model (``data/proven.json``)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..data import read_bytes


@lru_cache(maxsize=1)
def _sets() -> list[dict[str, Any]]:
    import json

    try:
        found: list[dict[str, Any]] = json.loads(read_bytes("proven.json"))["sets"]
    except FileNotFoundError:
        return []
    return found


def proven_text(model_type: str, chosen: Mapping[str, str]) -> str:
    """Return what was seen of exactly this set and model type; empty where nothing was."""
    for item in _sets():
        if item["model_type"] == model_type and item["advised"] == dict(chosen):
            return str(item["seen"])
    return ""
