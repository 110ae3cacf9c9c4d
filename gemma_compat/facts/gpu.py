"""The GPUs that this process would see."""

from __future__ import annotations

from typing import Any, ClassVar

from ._record import UNKNOWN, Record, check_keys


class Gpu(Record):
    """One visible NVIDIA GPU, as NVML describes it.

    Attributes:
        index: NVML's index (PCI bus order).
        name: product name, ``NVIDIA H200``; of a MIG instance with its profile.
        uuid: ``GPU-...`` or ``MIG-...``; never printed by a report that is meant for sharing.
        architecture: the vendor's name of the generation, ``Hopper``.
        compute_capability: ``(major, minor)``, ``(9, 0)`` on an H200.
        memory_total: in MiB.
        memory_free: in MiB, when it was read.
        ecc: whether memory errors are corrected, which costs memory on some cards; ``None``
            where the card cannot correct them.
        mig: whether this is a MIG instance and not a whole GPU.
    """

    topic: ClassVar[str] = "gpus"

    index: int = UNKNOWN
    name: str = UNKNOWN
    uuid: str = UNKNOWN
    architecture: str = UNKNOWN
    compute_capability: tuple[int, int] = UNKNOWN
    memory_total: int = UNKNOWN
    memory_free: int = UNKNOWN
    ecc: bool | None = UNKNOWN
    mig: bool = UNKNOWN

    @classmethod
    def from_dict(cls, data: Any) -> Gpu:
        fields = check_keys(cls, data)
        if "compute_capability" in fields:
            major, minor = fields["compute_capability"]
            fields["compute_capability"] = (int(major), int(minor))
        return cls(**fields)
