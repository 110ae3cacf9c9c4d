"""What a published release asks of other packages, from ``data/releases.jsonl``.

The file is that of ``advise``. Here one release is looked up in it, without the search's records.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from .. import versions
from ..data.releases import releases_of

_NAME = r"^([A-Za-z0-9._-]+)\s*(.*)$"


@lru_cache(maxsize=256)
def pins_of(name: str, version: str, beside: bool = True) -> Mapping[str, str] | None:
    """Return distribution name to specifier; ``None`` for a release that is not in the data.

    Requirements that hold on some machines or Pythons only are left out.

    Args:
        name: as the index normalises it, ``unsloth-zoo``.
        version: with or without a local label.
        beside: whether pins count that hold where the named package is used beside it: the
            accelerate and the torch of a transformers.
    """
    public = versions.public(version) if versions.is_valid(version) else version
    entry = releases_of(name).get(public)
    if entry is None:
        return None
    asked = [*entry["requires"], *(entry.get("beside", ()) if beside else ())]
    lines = [line for line in asked if ";" not in line]
    found: dict[str, list[str]] = {}
    for line in lines:
        matched = re.match(_NAME, line)
        if matched and versions.is_specifier(matched[2]):
            key = re.sub(r"[-_.]+", "-", matched[1]).lower()
            found.setdefault(key, []).append(matched[2])
    # A package can be named twice: by the wheel, and by an extra that goes further.
    return {key: ",".join(filter(None, dict.fromkeys(pins))) for key, pins in found.items()}


def pin_of(asking: str, release: str | None, asked: str, beside: bool = True) -> str:
    """Return what a release of one package asks of another; empty where nothing is known."""
    pins = pins_of(asking, release, beside) if release else None
    return pins.get(asked, "") if pins else ""


def breaks_pin(pin: str, version: str | None) -> bool:
    """Return whether an installed version is one that this pin does not allow."""
    return bool(version) and not versions.contains(pin, str(version))
