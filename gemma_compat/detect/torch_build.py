"""What torch was built for, from its ``version.py`` as text: importing torch takes seconds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ..facts import TorchBuild
from .packages import find_module

_FIELDS = {"__version__": "version", "cuda": "cuda", "hip": "hip"}


def read_torch_build(path: Sequence[str]) -> tuple[TorchBuild, dict[str, str]]:
    """The build of the torch that this search path holds, and why it is unknown."""
    package = find_module("torch", path)
    if package is None:
        return TorchBuild(), {"torch": "no torch/version.py on the search path"}
    file = os.path.join(package, "version.py")
    try:
        with open(file, encoding="utf-8", errors="replace") as lines:
            found: dict[str, Any] = dict(filter(None, map(_assignment, lines)))
    except OSError as error:
        return TorchBuild(), {"torch": f"cannot read {file}: {error.strerror or error}"}
    missing = [name for name in _FIELDS.values() if name not in found]
    reasons = {f"torch.{name}": f"{file} does not state it" for name in missing}
    return TorchBuild(**found), reasons


def _assignment(line: str) -> tuple[str, str | None] | None:
    """``cuda: Optional[str] = '12.6'`` as ``("cuda", "12.6")``; ``None`` for other lines."""
    left, equals, right = line.partition("=")
    name = _FIELDS.get(left.partition(":")[0].strip())
    value = right.strip()
    if not equals or name is None:
        return None
    if value == "None":
        return name, None
    quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
    return (name, value[1:-1]) if quoted else None
