"""Folds the rows into what the package ships: ``gemma_compat/data/evidence.json``.

For each rule, model type and package the releases that were seen broken, working and cured, of
the failure itself (the first variant); compact, and sorted so that a diff is readable.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gemma_compat import versions

from . import rows
from .cells import pins_of
from .reproductions import codes, describe

TARGET = Path(__file__).resolve().parents[3] / "gemma_compat" / "data" / "evidence.json"


def fold() -> dict[str, Any]:
    """The content of ``evidence.json``."""
    return {"schema_version": 1, "rules": {code: _fold_rule(code) for code in codes()}}


def _fold_rule(code: str) -> dict[str, Any]:
    failure = describe(code).variants[0]
    folded: dict[str, Any] = {}
    for row in rows.read(code):
        package, version = varied(row.environment)
        if row.variant == failure and row.outcome != rows.INVALID:
            outcome = "cured" if row.patched and row.outcome == rows.WORKING else row.outcome
            if not (row.patched and outcome == rows.BROKEN):
                place = folded.setdefault(package, {}).setdefault(row.model_type, {})
                place.setdefault(outcome, []).append(version)
    for place in (place for types in folded.values() for place in types.values()):
        for outcome in place:
            place[outcome] = sorted(set(place[outcome]), key=versions.parse)
    return folded


def varied(environment: str) -> tuple[str, str]:
    """The package that an environment walks, and its version: the first that it pins."""
    return next(iter(pins_of(environment).items()))


def text() -> str:
    return json.dumps(fold(), sort_keys=True, separators=(",", ":")) + "\n"


def write() -> int:
    """Write the file; returns its size in bytes."""
    TARGET.write_text(text(), encoding="utf-8")
    return TARGET.stat().st_size
