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
        name: product name, ``NVIDIA H200``; of a MIG instance with its profile.
        uuid: ``GPU-...`` or ``MIG-...``; never printed by a report that is meant for sharing.
        architecture: the vendor's name of the generation, ``Hopper``.
        compute_capability: ``(major, minor)``, ``(9, 0)`` on an H200.
        memory_total: MiB.
        memory_free: MiB at the moment of reading.
        ecc: whether memory errors are corrected, which takes memory away on some cards; ``None``
            where the card cannot.
        mig: whether this is an instance of a GPU in MIG mode, and not a whole one.
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
