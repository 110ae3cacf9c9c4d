"""Combine what a log says of its GPUs: which card, how many, with how much memory. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..errors import UsageError
from ..facts import UNKNOWN, Gpu

_BESIDE = "the log names a GPU, but does not say that this run is on it"
_SEVERAL = "the log names several kinds"
_AT_LEAST = "at least, by the highest rank that the log shows"


def counts_gpus(values: dict[str, Any]) -> bool:
    """Return whether the log says how many GPUs there are, or that there are several.

    ``[rank0]`` alone says neither: every process that a launcher starts may print it, the only one
    as well.
    """
    return bool({"gpu_count", "ranks"} & values.keys()) or values.get("highest_rank", 0) > 0


def gpus_of(values: dict[str, Any], named: Collection[str]) -> tuple[Any, str]:
    """Return the run's GPUs, once for each; ``UNKNOWN`` and the reason if the log leaves it open.

    Args:
        values: of each topic that was read, the best.
        named: the cards that are named as surely as the best one.
    """
    if "gpus" not in values:
        return UNKNOWN, _BESIDE if "gpus_beside" in values else ""
    from ..tables import gpus  # every card that is known; most logs name none

    stated = values.get("gpu_count") or values.get("ranks")
    count = stated or values.get("highest_rank", 0) + 1
    kinds = _kinds(named)
    if kinds and not set.intersection(*kinds.values()):
        return UNKNOWN, _SEVERAL
    # "A100" and "A100-SXM4-80GB" are one card, and the second says more of it.
    card = min(kinds, key=lambda name: (len(kinds[name]), name != values["gpus"]), default=None)
    try:
        found = gpus.parse(f"{count}x{card or values['gpus']}")
    except UsageError:  # a count or a capability that the table does not have
        return UNKNOWN, ""
    note = _AT_LEAST if count > 1 and not stated else ""
    return tuple(_with_memory(gpu, values.get("gpu_memory")) for gpu in found), note


def _kinds(named: Collection[str]) -> dict[str, set[str]]:
    """Return each name with the cards that it may mean."""
    from ..tables import gpus

    kinds = {}
    for name in named:
        try:
            kinds[name] = {card.name for card in gpus.cards(name)}
        except UsageError:  # a capability: "sm_75"
            continue
    return kinds


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
