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
    ("embedding_gemma2", "audio"): Tower("audio", linear=304_611_328, other=213_280),
}


def read_towers(config: Mapping[str, Any]) -> tuple[tuple[Tower, ...], tuple[str, ...]]:
    """Return the towers whose sizes the config states, and the names of the others."""
    found, unknown = [], []
    for kind in ("vision", "audio"):
        stated = config.get(f"{kind}_config")
        if not isinstance(stated, Mapping):
            continue
        tower = _DEFAULT.get((str(config.get("model_type")), kind))
        if tower is None:
            tower = _vision(stated, config) if kind == "vision" else _audio(stated, config)
        if tower is None:
            unknown.append(f"{kind} tower")
        else:
            found.append(tower)
    return tuple(found), tuple(unknown)


def _audio(stated: Mapping[str, Any], config: Mapping[str, Any]) -> Tower | None:
    """Return Gemma 4 12B's projection of sound; ``None`` for another model."""
    text = config.get("text_config")
    sizes = [stated.get("audio_embed_dim", 640), dict(text or {}).get("hidden_size")]
    if config.get("model_type") != "gemma4_unified" or not _are_sizes(sizes):
        return None
    return Tower("audio", linear=sizes[0] * sizes[1], other=0)


def _are_sizes(values: list[Any]) -> bool:
    return all(isinstance(value, int) and value > 0 for value in values)


def _of_unified(stated: Mapping[str, Any]) -> Tower | None:
    """Count what embeds images in Gemma 4 12B: one matrix of patches, and a table of positions."""
    figures = {"mm_embed_dim": 3840, "mm_posemb_size": 1120, "patch_size": 16} | dict(stated)
    merged = figures.get("pooling_kernel_size", 3)
    sizes = [figures["mm_embed_dim"], figures["mm_posemb_size"], figures["patch_size"], merged]
    if not _are_sizes(sizes):
        return None
    hidden, positions, patch, merged = sizes
    inputs = 3 * (patch * merged) ** 2
    return Tower(
        kind="vision",
        linear=inputs * hidden,
        other=2 * positions * hidden + 2 * inputs + 5 * hidden,
        tokens=_UNIFIED_TOKENS,
        hidden=hidden,
        pixels=_UNIFIED_TOKENS * inputs,
    )


def _vision(stated: Mapping[str, Any], config: Mapping[str, Any]) -> Tower | None:
    """Return SigLIP (Gemma 3, PaliGemma) or Gemma 4's tower; ``None`` if sizes are not stated."""
    if config.get("model_type") == "gemma4_unified":
        return _of_unified(stated)
    if config.get("model_type") in {"gemma4", "diffusion_gemma", "embedding_gemma2"}:
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


_UNIFIED_TOKENS = 280  # tokens of an image, by default of Gemma4UnifiedImageProcessor
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
