"""The GPUs that this process would see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ._record import UNKNOWN, Record, check_keys


@dataclass(frozen=True, eq=False, repr=False)
class Gpu(Record):
    """One visible NVIDIA GPU, as NVML describes it.

    Attributes:
        index: NVML's index (PCI bus order).
        name: product name, ``NVIDIA H200``.
        uuid: ``GPU-...``; never printed by a report that is meant for sharing.
        compute_capability: ``(major, minor)``, ``(9, 0)`` on an H200.
        memory_total: MiB.
        memory_free: MiB at the moment of reading.
    """

    topic: ClassVar[str] = "gpus"

    index: int = UNKNOWN
    name: str = UNKNOWN
    uuid: str = UNKNOWN
    compute_capability: tuple[int, int] = UNKNOWN
    memory_total: int = UNKNOWN
    memory_free: int = UNKNOWN

    @classmethod
    def from_dict(cls, data: Any) -> Gpu:
        fields = check_keys(cls, data)
        if "compute_capability" in fields:
            major, minor = fields["compute_capability"]
            fields["compute_capability"] = (int(major), int(minor))
        return cls(**fields)
