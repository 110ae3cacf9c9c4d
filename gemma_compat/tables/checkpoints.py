"""What is publicly known of Google's Gemma checkpoints, by name, without having one.

    >>> from gemma_compat import checkpoints
    >>> checkpoints.find("google/gemma-3n-E4B-it").config["text_config"]["num_kv_shared_layers"]
    15

``data/checkpoints.json`` holds fragments of configs, each under the public document that states it.
A figure without one is left out, and so unknown; nothing is filled in from a neighbour.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..data import read_bytes

# Unsloth mirrors Google's checkpoints under the same names, quantized ones with a suffix.
_OWNERS = ("google", "unsloth")
_QUANTIZED = re.compile(r"(?:-unsloth)?-bnb-4bit$")


@dataclass(frozen=True)
class Checkpoint:
    """One known checkpoint.

    Attributes:
        name: as asked for, ``unsloth/gemma-3-4b-it`` for example.
        published_as: Google's own name for it.
        config: what is known of its ``config.json``, in that file's shape.
        sources: address of the document to the fragment of ``config`` that it states.
        four_bit: whether its weights are stored in 4 bits (bitsandbytes).
    """

    name: str
    published_as: str
    config: Mapping[str, Any]
    sources: Mapping[str, Mapping[str, Any]]
    four_bit: bool = False


def find(name: str) -> Checkpoint | None:
    """The checkpoint of that name; ``owner/`` may be left out. ``None`` if it is not known."""
    owner, _, base = name.strip().rpartition("/")
    if owner and owner.lower() not in _OWNERS:
        return None
    plain = _QUANTIZED.sub("", base.lower())
    entry = _by_name().get(plain)
    if entry is None:
        return None
    published, figures = entry
    return Checkpoint(
        name=name,
        published_as=published,
        config=_merged(figures.values()),
        sources=figures,
        four_bit=plain != base.lower(),
    )


def names() -> tuple[str, ...]:
    """Every name under which Google published one, oldest family first."""
    return tuple(published for published, _ in _by_name().values())


def nearest(name: str) -> list[str]:
    """Known names that resemble this one, best first."""
    import difflib

    base = name.rpartition("/")[2].lower()
    return [
        _by_name()[item][0]
        for item in difflib.get_close_matches(base, list(_by_name()), n=3, cutoff=0.5)
    ]


@lru_cache(maxsize=1)
def _by_name() -> dict[str, tuple[str, dict[str, dict[str, Any]]]]:
    """Lower-case name without owner to Google's spelling and the fragments by address."""
    import json

    data = json.loads(read_bytes("checkpoints.json"))
    found = {}
    for item in data["checkpoints"]:
        figures = {data["sources"][key]: part for key, part in item["figures"].items()}
        for name in item["names"]:
            found[name.rpartition("/")[2].lower()] = (name, figures)
    return found


def _merged(parts: Any) -> dict[str, Any]:
    """One mapping out of several, nested ones merged too; no key is stated twice."""
    whole: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            if isinstance(value, dict):
                whole[key] = _merged((whole.get(key, {}), value))
            else:
                whole[key] = value
    return whole
