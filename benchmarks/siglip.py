"""The vision tower of Gemma 3 and PaliGemma, as in their published configs."""

from __future__ import annotations

from typing import Any

SIGLIP: dict[str, Any] = {
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_hidden_layers": 27,
    "num_attention_heads": 16,
    "image_size": 896,
    "patch_size": 14,
    "vision_use_head": False,
    "model_type": "siglip_vision_model",
}
