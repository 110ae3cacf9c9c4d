"""The environment variables that change what these libraries do. An allow-list: no secrets."""

from __future__ import annotations

import os

_NAMES = {
    "ACCELERATE_MIXED_PRECISION",
    "ACCELERATE_USE_DEEPSPEED",
    "ACCELERATE_USE_FSDP",
    "CUDA_DEVICE_ORDER",
    "CUDA_VISIBLE_DEVICES",
    "FSDP_VERSION",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "PYTORCH_ALLOC_CONF",
    "PYTORCH_CUDA_ALLOC_CONF",
    "RANK",
    "WORLD_SIZE",
}
_PREFIXES = ("UNSLOTH_",)


def read_environment() -> dict[str, str]:
    """The variables of that list that are set."""
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if name in _NAMES or name.startswith(_PREFIXES)
    }
