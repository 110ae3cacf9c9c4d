"""What is installed: one record per distribution, read from metadata and never imported."""

from __future__ import annotations

from typing import Any, ClassVar

from ._record import UNKNOWN, Record, check_keys


class Package(Record):
    """One installed distribution.

    Attributes:
        name: normalised distribution name (PEP 503), ``unsloth-zoo`` for example.
        version: PEP 440 version as the metadata states it.
        location: the directory that holds the metadata.
        editable: installed with ``pip install -e``.
        vcs: the VCS address it was installed from, or ``None``.
        problem: one line on what is wrong with the installation, or ``None``.
    """

    topic: ClassVar[str] = "packages"

    name: str = UNKNOWN
    version: str = UNKNOWN
    location: str = UNKNOWN
    editable: bool = False
    vcs: str | None = None
    problem: str | None = None

    @classmethod
    def from_dict(cls, data: Any) -> Package:
        return cls(**check_keys(cls, data))


class TorchBuild(Record):
    """What torch was built for, read from its files; and what importing it showed.

    Attributes:
        version: torch's own version with its local label, ``2.13.0+cpu``.
        cuda: CUDA release it was built against (``12.6``), or ``None`` for a build without.
        hip: ROCm release it was built against, or ``None``.
        arch_list: what it has kernels for, as ``torch.cuda.get_arch_list()`` says: ``sm_90``, and
            ``compute_90`` for code that newer GPUs can compile for themselves.
        cuda_available: ``torch.cuda.is_available()``; only known where importing was tried.
        device_problem: what torch said when asked for its CUDA devices, ``None`` for nothing;
            likewise.
    """

    topic: ClassVar[str] = "torch"

    version: str = UNKNOWN
    cuda: str | None = UNKNOWN
    hip: str | None = UNKNOWN
    arch_list: tuple[str, ...] = UNKNOWN
    cuda_available: bool = UNKNOWN
    device_problem: str | None = UNKNOWN

    @classmethod
    def from_dict(cls, data: Any) -> TorchBuild:
        return cls(**check_keys(cls, data))
