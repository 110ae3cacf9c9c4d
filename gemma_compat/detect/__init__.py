"""Detection: the only part that reads the world. See ``detect_facts``."""

from __future__ import annotations
from typing import Any
from ..facts import Facts


def detect_facts(model: Any = None, args: Any = None, probe: bool = False) -> Facts:
    raise NotImplementedError
