"""Which GPUs a process would see: ``CUDA_VISIBLE_DEVICES`` as the CUDA driver reads it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..facts import Gpu

_ORDERS = {"", "FASTEST_FIRST", "PCI_BUS_ID"}


class Undecided(Exception):
    """Which GPUs are visible cannot be told; the message says why."""


@dataclass(frozen=True)
class Instance:
    """One MIG instance of a split GPU.

    Attributes:
        gpu: what CUDA shows of it.
        names: how ``CUDA_VISIBLE_DEVICES`` may name it: ``MIG-<UUID>``, or the older
            ``MIG-GPU-<UUID>/<GPU instance>/<compute instance>``.
    """

    gpu: Gpu
    names: tuple[str, ...]


Found = TypeVar("Found", Gpu, Instance)


def select(
    gpus: Sequence[Gpu], split: Mapping[int, Sequence[Instance]], environ: Mapping[str, str]
) -> tuple[Gpu, ...]:
    """Return the visible GPUs, in CUDA's order.

    The list ends at the first entry that names no GPU, and one that names a GPU twice shows
    none (the driver's own rules, as ``torch.cuda`` repeats them). Of MIG instances CUDA shows one
    (CUDA programming guide, ``CUDA_VISIBLE_DEVICES``).

    Args:
        gpus: all of them, in NVML's order (PCI bus).
        split: the MIG instances of each GPU in MIG mode, by NVML's index.

    Raises:
        Undecided: an index list where CUDA's order of the GPUs is not NVML's, or a GPU in MIG
            mode of which it is not known what CUDA shows.
    """
    text = environ.get("CUDA_VISIBLE_DEVICES")
    if environ.get("CUDA_DEVICE_ORDER", "") not in _ORDERS:
        return ()  # the driver shows nothing then: seen on an H100 with driver 580
    if text is not None and text.startswith("MIG-"):
        return _one_instance(text, [item for items in split.values() for item in items])
    if text is None:
        chosen = list(gpus)
    elif text.startswith("GPU-"):
        chosen = _pick(text, gpus, _by_uuid)
    else:
        chosen = _pick(text, gpus, _by_index)
        if chosen and len(gpus) > 1:
            _check_order(gpus, environ)
    return _without_split(chosen, split)


def _one_instance(text: str, instances: Sequence[Instance]) -> tuple[Gpu, ...]:
    return tuple(item.gpu for item in _pick(text, instances, _by_instance)[:1])


def _without_split(
    chosen: Sequence[Gpu], split: Mapping[int, Sequence[Instance]]
) -> tuple[Gpu, ...]:
    """Return ``chosen``, or the instance that CUDA shows of a single GPU in MIG mode."""
    in_parts = [gpu for gpu in chosen if gpu.index in split]
    if not in_parts:
        return tuple(chosen)
    instances = split[in_parts[0].index]
    kinds = {(item.gpu.get("name"), item.gpu.get("memory_total")) for item in instances}
    if len(chosen) == 1 and len(kinds) == 1:
        return (instances[0].gpu,)
    raise Undecided(
        "a visible GPU is in MIG mode, and which of its instances CUDA shows is not known; name "
        "one: CUDA_VISIBLE_DEVICES=MIG-<UUID>, from nvidia-smi -L"
    )


def _pick(
    text: str, known: Sequence[Found], find: Callable[[str, Sequence[Found]], Found | None]
) -> list[Found]:
    chosen: list[Found] = []
    for entry in text.split(","):
        item = find(entry.strip(), known)
        if item is None:
            break
        if item in chosen:
            return []
        chosen.append(item)
    return chosen


def _by_index(entry: str, gpus: Sequence[Gpu]) -> Gpu | None:
    """Find by position. Only leading digits count, as in C's ``strtoul``: ``1a`` is 1."""
    number = entry.removeprefix("+")
    digits = number[: len(number) - len(number.lstrip("0123456789"))]
    index = int(digits) if digits else -1
    return gpus[index] if 0 <= index < len(gpus) else None


def _by_uuid(entry: str, gpus: Sequence[Gpu]) -> Gpu | None:
    """Find by a unique prefix of the UUID; ``GPU-`` alone names none, even of one."""
    if not entry.startswith("GPU-") or entry == "GPU-":
        return None
    found = [gpu for gpu in gpus if gpu.get("uuid", "").startswith(entry)]
    return found[0] if len(found) == 1 else None


def _by_instance(entry: str, instances: Sequence[Instance]) -> Instance | None:
    """Find by a prefix of one of its names that fits no other instance."""
    if not entry.startswith("MIG-"):
        return None
    found = [item for item in instances if any(name.startswith(entry) for name in item.names)]
    return found[0] if len(found) == 1 else None


def _check_order(gpus: Sequence[Gpu], environ: Mapping[str, str]) -> None:
    """Raise if the order is unknown: CUDA starts with the fastest GPU, NVML counts by bus."""
    names = {gpu.get("name") for gpu in gpus}
    if len(names) > 1 and environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID":
        raise Undecided(
            "the GPUs differ and CUDA_DEVICE_ORDER is not PCI_BUS_ID, so which of them the "
            "numbers in CUDA_VISIBLE_DEVICES mean is CUDA's guess"
        )
