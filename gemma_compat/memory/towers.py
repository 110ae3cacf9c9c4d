"""Count the numbers in vision and audio towers, from their configs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .shape import Tower

# What PaliGemma's and Gemma 3's configs leave out of SigLIP at 896 pixels.
_SIGLIP = {"patch_size": 14, "image_size": 896, "num_channels": 3}

# These are counts of towers built with the defaults of transformers 5.23. Gemma 3n's vision tower
# was not built: its size is read off its name there, mobilenetv5_300m_enc.
_DEFAULT = {
    ("gemma3n", "vision"): Tower("vision", linear=0, other=300_000_000),
    ("gemma3n", "audio"): Tower("audio", linear=681_050_112, other=298_528),
    ("gemma4", "audio"): Tower("audio", linear=304_611_328, other=213_280),
}


def read_towers(config: Mapping[str, Any]) -> tuple[tuple[Tower, ...], tuple[str, ...]]:
    """Return the towers whose sizes the config states, and the names of the others."""
    found, unknown = [], []
    for kind in ("vision", "audio"):
        stated = config.get(f"{kind}_config")
        if not isinstance(stated, Mapping):
            continue
        tower = _DEFAULT.get((str(config.get("model_type")), kind))
        if tower is None and kind == "vision":
            tower = _vision(stated, config)
        if tower is None:
            unknown.append(f"{kind} tower")
        else:
            found.append(tower)
    return tuple(found), tuple(unknown)


def _vision(stated: Mapping[str, Any], config: Mapping[str, Any]) -> Tower | None:
    """Return SigLIP (Gemma 3, PaliGemma) or Gemma 4's tower; ``None`` if sizes are not stated."""
    if config.get("model_type") in {"gemma4", "diffusion_gemma"}:
        return _of_gemma4(stated)
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


_POSITIONS = 10_240  # rows of Gemma 4's position table for each of two axes, by default


def _of_gemma4(stated: Mapping[str, Any]) -> Tower | None:
    """Count Gemma 4's tower: gated MLP, norms of queries and keys, 2,520 patches of 16 x 16
    pixels.
    """
    sizes = [stated.get(k) for k in ("hidden_size", "intermediate_size", "num_hidden_layers")]
    if not all(isinstance(size, int) for size in sizes):
        return None
    hidden, inner, layers = (int(size or 0) for size in sizes)
    patch = int(stated.get("patch_size", 16))
    linear = layers * (4 * hidden * hidden + 3 * hidden * inner) + 3 * patch * patch * hidden
    return Tower(
        kind="vision",
        linear=linear,
        other=layers * 4 * hidden + 2 * _POSITIONS * hidden,
        tokens=2520,
        hidden=hidden,
        inner=inner,
        layers=layers,
        pixels=2520 * 3 * patch * patch,
    )
