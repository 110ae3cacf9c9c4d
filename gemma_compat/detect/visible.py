"""Which GPUs a process would see: ``CUDA_VISIBLE_DEVICES`` as the CUDA driver reads it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..facts import Gpu

_NO_MIG = "MIG devices are not told apart yet"


class Undecided(Exception):
    """Which GPUs are visible cannot be told; the message says why."""


def select(gpus: Sequence[Gpu], mig: set[int], environ: Mapping[str, str]) -> tuple[Gpu, ...]:
    """The visible GPUs, in CUDA's order.

    The list ends at the first entry that names no GPU, and one that names a GPU twice shows
    none (the driver's own rules, as ``torch.cuda`` repeats them).

    Args:
        gpus: all of them, in NVML's order (PCI bus).
        mig: NVML's indices of those that are split into MIG instances.

    Raises:
        Undecided: MIG, or an index list where CUDA's order of the GPUs is not NVML's.
    """
    text = environ.get("CUDA_VISIBLE_DEVICES")
    if text is None:
        chosen = list(gpus)
    elif text.startswith("MIG-"):
        raise Undecided(f"CUDA_VISIBLE_DEVICES={text}: {_NO_MIG}")
    elif text.startswith("GPU-"):
        chosen = _pick(text, gpus, _by_uuid)
    else:
        chosen = _pick(text, gpus, _by_index)
        if chosen and len(gpus) > 1:
            _check_order(gpus, environ)
    if any(gpu.index in mig for gpu in chosen):
        raise Undecided(f"a visible GPU is split into MIG instances: {_NO_MIG}")
    return tuple(chosen)


def _pick(
    text: str, gpus: Sequence[Gpu], find: Callable[[str, Sequence[Gpu]], Gpu | None]
) -> list[Gpu]:
    chosen: list[Gpu] = []
    for entry in text.split(","):
        gpu = find(entry.strip(), gpus)
        if gpu is None:
            break
        if gpu in chosen:
            return []
        chosen.append(gpu)
    return chosen


def _by_index(entry: str, gpus: Sequence[Gpu]) -> Gpu | None:
    """By position. Only leading digits count, as C's ``strtoul`` has it: ``1a`` is 1."""
    number = entry.removeprefix("+")
    digits = number[: len(number) - len(number.lstrip("0123456789"))]
    index = int(digits) if digits else -1
    return gpus[index] if 0 <= index < len(gpus) else None


def _by_uuid(entry: str, gpus: Sequence[Gpu]) -> Gpu | None:
    """By a prefix of its UUID that fits no other."""
    if not entry.startswith("GPU-"):
        return None
    found = [gpu for gpu in gpus if gpu.get("uuid", "").startswith(entry)]
    return found[0] if len(found) == 1 else None


def _check_order(gpus: Sequence[Gpu], environ: Mapping[str, str]) -> None:
    """CUDA counts the fastest GPU first unless told otherwise; NVML counts along the bus."""
    names = {gpu.get("name") for gpu in gpus}
    if len(names) > 1 and environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID":
        raise Undecided(
            "the GPUs differ and CUDA_DEVICE_ORDER is not PCI_BUS_ID, so which of them the "
            "numbers in CUDA_VISIBLE_DEVICES mean is CUDA's guess"
        )
