"""How a run is spread over GPUs: from its arguments, else from what the launcher set."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..errors import UnknownFact
from .arguments import Arguments

_KINDS = {"NO": "no", "DEEPSPEED": "deepspeed", "FSDP": "fsdp"}
_DDP = ("MULTI_CPU", "MULTI_GPU", "MULTI_XPU", "MULTI_NPU")


def kind(args: Arguments) -> str:
    """Return ``no``, ``ddp``, ``fsdp`` or ``deepspeed``."""
    if args.get("deepspeed") or _launched("ACCELERATE_USE_DEEPSPEED"):
        return "deepspeed"
    if _is_fsdp(args):
        return "fsdp"
    state = args.get("distributed_state")  # accelerate's, which a live object made already
    name = getattr(getattr(state, "distributed_type", None), "value", None)
    if name in _DDP or os.environ.get("WORLD_SIZE", "1") not in {"", "1"}:
        return "ddp"
    if name in _KINDS:
        return _KINDS[name]
    raise UnknownFact("training", "the launcher (torchrun, accelerate launch) decides")


def deepspeed_stage(args: Arguments) -> int | None:
    """Return the ZeRO stage; DeepSpeed's default is 0."""
    if not args.get("deepspeed"):
        return _launched_stage()
    config = args.mapping("deepspeed") or {}
    zero = config.get("zero_optimization") or {}
    if not isinstance(zero, Mapping):
        args.reject("zero_optimization", zero, "an object")
    stage = zero.get("stage", 0)
    if isinstance(stage, bool) or not isinstance(stage, int):
        args.reject("zero_optimization.stage", stage, "a whole number")
    return int(stage)


def checkpoints_from_outside(args: Arguments) -> bool:
    """Return whether FSDP wraps the layers in checkpoints (``activation_checkpointing``)."""
    if not _is_fsdp(args):
        return False
    config = args.mapping("fsdp_config") or {}
    for name in ("activation_checkpointing", "fsdp_activation_checkpointing"):
        value = args.switch(name, config)
        if value is not None:
            return value
    return _launched("FSDP_ACTIVATION_CHECKPOINTING")


def fsdp_version(args: Arguments) -> int | None:
    """Return 1 or 2, from ``version`` or ``fsdp_version`` of ``fsdp_config``, or FSDP_VERSION."""
    if not _is_fsdp(args):
        return None
    config = args.mapping("fsdp_config") or {}
    stated = config.get("version", config.get("fsdp_version", os.environ.get("FSDP_VERSION")))
    if stated is None:
        raise UnknownFact("training", "fsdp_config states no version, and its default moved")
    if str(stated) not in {"1", "2"}:
        args.reject("fsdp_config.version", stated, "1 or 2")
    return int(stated)


def fsdp_layer_classes(args: Arguments) -> tuple[str, ...] | None:
    """Return the classes that FSDP wraps, by name; ``None`` where that is left to the library."""
    config = args.mapping("fsdp_config") or {}
    names = config.get("transformer_layer_cls_to_wrap") or os.environ.get(
        "FSDP_TRANSFORMER_CLS_TO_WRAP"
    )
    if not names:
        return None
    if isinstance(names, str):
        names = names.split(",")
    if not isinstance(names, (list, tuple)):
        args.reject("transformer_layer_cls_to_wrap", names, "a name or a list of names")
    return tuple(str(name).strip() for name in names)


def _is_fsdp(args: Arguments) -> bool:
    """Return whether FSDP is on; ``fsdp`` is a text or list up to transformers 5.x, later a
    bool.
    """
    value: Any = args.get("fsdp")
    if isinstance(value, str) and value.lower() == "false":
        return False
    if value is not None and not isinstance(value, (str, list, tuple, bool)):
        args.reject("fsdp", value, "text, a list of options, or true or false")
    return bool(value) or _launched("ACCELERATE_USE_FSDP")


def _launched_stage() -> int | None:
    if not _launched("ACCELERATE_USE_DEEPSPEED"):
        return None
    stage = os.environ.get("ACCELERATE_DEEPSPEED_ZERO_STAGE", "")
    if not stage.isdigit():
        raise UnknownFact("training", "the launcher's DeepSpeed config is not read")
    return int(stage)


def _launched(name: str) -> bool:
    return os.environ.get(name, "").lower() in {"1", "true", "yes"}
