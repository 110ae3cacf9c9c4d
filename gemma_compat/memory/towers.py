"""The towers for images and sound: how many numbers they hold, from their configs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .shape import Tower

# SigLIP of 896 pixels, as PaliGemma and Gemma 3 have it, where the config states its widths only.
_SIGLIP = {"patch_size": 14, "image_size": 896, "num_channels": 3}


def read_towers(config: Mapping[str, Any]) -> tuple[tuple[Tower, ...], tuple[str, ...]]:
    """The towers whose sizes the config states, and the names of those it leaves open."""
    found, unknown = [], []
    for kind in ("vision", "audio"):
        stated = config.get(f"{kind}_config")
        if not isinstance(stated, Mapping):
            continue
        tower = _siglip(stated, config) if kind == "vision" else None
        if tower is None:
            unknown.append(f"{kind} tower")
        else:
            found.append(tower)
    return tuple(found), tuple(unknown)


def _siglip(stated: Mapping[str, Any], config: Mapping[str, Any]) -> Tower | None:
    if config.get("model_type") not in {"gemma3", "paligemma", "shieldgemma2"}:
        return None
    figures = {**_SIGLIP, **stated}
    sizes = [figures.get(k) for k in ("hidden_size", "intermediate_size", "num_hidden_layers")]
    if not all(isinstance(size, int) for size in sizes):
        return None
    hidden, inner, layers = (int(size or 0) for size in sizes)
    patches = (int(figures["image_size"]) // int(figures["patch_size"])) ** 2
    linear = layers * (4 * hidden * hidden + 2 * hidden * inner)
    biases = layers * (4 * hidden + hidden + inner + 4 * hidden)
    around = int(figures["patch_size"]) ** 2 * 3 * hidden + hidden + patches * hidden + 2 * hidden
    return Tower(
        kind="vision",
        linear=linear,
        other=biases + around,
        tokens=patches,
        hidden=hidden,
        inner=inner,
        layers=layers,
        pixels=3 * int(figures["image_size"]) ** 2,
    )
