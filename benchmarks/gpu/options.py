"""What every part is told."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Record = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Options:
    """Where and how large, and until when.

    Attributes:
        device: ``cuda`` or ``cpu``.
        tiny: small models and few turns, to see that everything runs.
        end: ``time.monotonic()`` at which the part should stop of its own accord.
        where: the only circumstances in which cures are measured; empty for all.
    """

    device: str
    tiny: bool
    end: float = field(default_factory=lambda: time.monotonic() + 3600)
    where: tuple[str, ...] = ()

    def remaining(self) -> float:
        """Seconds left."""
        return self.end - time.monotonic()


def attempt(record: Record, measure: Callable[[], Record]) -> Record:
    """``record`` with what was measured, or with the error that ended it."""
    try:
        return {**record, **measure()}
    except Exception as error:  # probe boundary: whatever a stack raises is the finding
        return {**record, "error": short(error)}


def plain(value: Any) -> Any:
    """The value as JSON can hold it: NaN and infinities become text."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and value - value != 0:
        return str(value)
    return value


def short(error: BaseException) -> str:
    """Type and first line of an error."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:300]}"


def environment(**changes: str) -> dict[str, str]:
    """This process's environment, with the repository first on the path and no network."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    offline = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    return {**os.environ, **offline, "PYTHONPATH": path, **changes}
