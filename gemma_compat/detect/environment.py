"""The environment variables that change what these libraries do. An allow-list: no secrets."""

from __future__ import annotations

import os

_NAMES = {
    "ACCELERATE_MIXED_PRECISION",
    "BNB_CUDA_VERSION",
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_DEVICE_ORDER",
    "CUDA_VISIBLE_DEVICES",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "NVIDIA_TF32_OVERRIDE",
    "PYTORCH_ALLOC_CONF",
    "PYTORCH_CUDA_ALLOC_CONF",
    "RANK",
    "WORLD_SIZE",
}
_PREFIXES = ("ACCELERATE_USE_", "FSDP_", "NCCL_", "TORCH_NCCL_", "UNSLOTH_")
# Under those prefixes, but the name of a host or a file, which differ by right and are private.
_NOT_SWITCHES = {"NCCL_COMM_ID", "NCCL_CONF_FILE", "NCCL_DEBUG_FILE", "NCCL_HOSTID"}


def read_environment() -> dict[str, str]:
    """Return the variables of that list that are set."""
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if name in _NAMES or (name.startswith(_PREFIXES) and name not in _NOT_SWITCHES)
    }
