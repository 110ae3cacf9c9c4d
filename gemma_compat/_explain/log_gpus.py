"""Combine the readings of a log about its GPUs. Pure."""

from __future__ import annotations

from typing import Any

from ..errors import UsageError
from ..facts import UNKNOWN, Gpu


def gpus_of(values: dict[str, Any]) -> Any:
    """Return the named GPU, as many times as the log says; once if it does not say."""
    if "gpus" not in values:
        return UNKNOWN
    from ..tables import gpus  # every card that is known; most logs name none

    count = values.get("gpu_count") or values.get("ranks") or 1
    try:
        found = gpus.parse(f"{count}x{values['gpus']}")
    except UsageError:  # a count or a capability that the table does not have
        return UNKNOWN
    return tuple(_with_memory(gpu, values.get("gpu_memory")) for gpu in found)


def _with_memory(gpu: Gpu, stated: float | None) -> Gpu:
    """Return the GPU with the stated memory if its name leaves it open (A100: 40 or 80 GiB)."""
    if stated is None or gpu.known("memory_total") or not gpu.known("name"):
        return gpu
    from ..tables import gpus

    near = [
        card
        for card in gpus.cards(gpu.name)
        if card.memory_total and abs(card.memory_total / 1024 - stated) < 0.1 * stated
    ]
    if len(near) == 1:
        return gpu.replace(name=near[0].name, memory_total=near[0].memory_total)
    return gpu.replace(memory_total=int(stated * 1024))
