"""NVIDIA architectures, each figure with its source. Pure data.

``None`` is a figure that no source was found for. The cards are in
``cards_table.py``, the functions in ``gpus.py``.
"""

from __future__ import annotations

from ..values import Value

_GUIDE = "NVIDIA, CUDA Programming Guide 13, Compute Capabilities"
_OLD_GUIDE = "NVIDIA, CUDA C++ Programming Guide 12.9, Compute Capabilities"
_CORES = f"{_GUIDE}, Input Data Types Supported by Tensor Core Acceleration"
_MEMORY = f"{_GUIDE}, Memory Information per Compute Capability"
_OLD_MEMORY = f"{_OLD_GUIDE}, Technical Specifications per Compute Capability"
_PTX = "NVIDIA, PTX ISA, Release Notes, PTX Release History"
_DROPPED = "NVIDIA, CUDA 13.0 Release Notes, Deprecated Architectures"
_FLASH = "Dao-AILab/flash-attention, README, NVIDIA CUDA Support"
_FLASH_BUILD = "Dao-AILab/flash-attention, setup.py (builds 80, 90, 100, 120)"
BITSANDBYTES_SOURCE = "bitsandbytes, Installation Guide, NVIDIA CUDA (compute capability 6.0+)"
UNSLOTH_SOURCE = "Unsloth, Requirements (NVIDIA GPUs since 2018, CUDA capability 7.0)"
_FLASH_3 = "Dao-AILab/flash-attention, README, FlashAttention-3 beta release"


class Architecture(Value):
    """One compute capability.

    Attributes:
        compute_capability: ``(7, 5)``.
        name: the vendor's name of the generation.
        fp16, bf16, fp8: whether its tensor cores take such operands.
        flash_attention_2, flash_attention_3: whether that library supports it.
        shared_memory_per_block: bytes a thread block can have at most, by opting in.
        first_cuda, last_cuda: CUDA releases whose compiler knows it; ``None`` for no last one.
        meaning: what follows for Gemma.
    """

    compute_capability: tuple[int, int]
    name: str
    fp16: bool | None
    bf16: bool | None
    fp8: bool | None
    flash_attention_2: bool | None
    flash_attention_3: bool | None
    shared_memory_per_block: int | None
    first_cuda: str | None
    last_cuda: str | None
    meaning: str

    @property
    def sm(self) -> str:
        """Return the name that compilers use: ``sm_75``."""
        return "sm_{}{}".format(*self.compute_capability)

    @property
    def bitsandbytes(self) -> bool:
        """Return whether bitsandbytes supports it: NF4, FP4 and 8-bit optimizers from 6.0 on."""
        return self.compute_capability >= (6, 0)

    @property
    def unsloth(self) -> bool:
        """Return whether Unsloth supports it."""
        return self.compute_capability >= (7, 0)

    @property
    def sources(self) -> dict[str, str]:
        """Return where each figure is from, by field; a figure that is unknown has none."""
        old = self.compute_capability < (7, 5)
        cores = (
            f"{_OLD_GUIDE}, Compute Capability {self.compute_capability[0]}.x" if old else _CORES
        )
        flash = _FLASH_BUILD if self.compute_capability >= (10, 0) else _FLASH
        known = {
            "fp16": cores,
            "bf16": cores,
            "fp8": cores,
            "flash_attention_2": flash,
            "flash_attention_3": _FLASH_3,
            "shared_memory_per_block": _OLD_MEMORY if old else _MEMORY,
            "first_cuda": _PTX,
            "last_cuda": _DROPPED,
            "bitsandbytes": BITSANDBYTES_SOURCE,
            "unsloth": UNSLOTH_SOURCE,
        }
        return {name: source for name, source in known.items() if getattr(self, name) is not None}


_KIB = 1024

_NO_CORES = (
    "No tensor cores and no bfloat16 arithmetic: train in float32, since float16 overflows in "
    "Gemma 3. No FlashAttention 2, so eager or sdpa. CUDA 13 builds of torch do not run on it."
)
_FP16_ONLY = (
    "Tensor cores for float16 only. torch emulates bfloat16 (slow), and float16 overflows in the "
    "residual stream of Gemma 3: use float32, or bfloat16 knowing its cost. No FlashAttention 2."
)
_VOLTA = _FP16_ONLY + " CUDA 13 builds of torch do not run on it."
_AMPERE = "bfloat16 in full. FlashAttention 2 up to head dimension 256: Gemma 4's 512 does not fit."
_SMALL = _AMPERE + " Little shared memory: kernels tuned on an A100 or H100 may ask for too much."
_HOPPER = _AMPERE + " FlashAttention 3 was written for it."
_BLACKWELL = (
    "bfloat16 in full. Needs torch built for CUDA {cuda} or newer (else `no kernel image is "
    "available`), and kernel libraries (flash-attn, bitsandbytes) built for it too. "
    "FlashAttention 3 does not run on it."
)


def _of(
    capability: tuple[int, int],
    name: str,
    cores: str,
    flash_2: bool | None,
    shared: int,
    cuda: tuple[str, str | None],
    meaning: str,
) -> Architecture:
    """Return one row; ``cores`` lists what the tensor cores take, ``shared`` is in KiB."""
    fp16, bf16, fp8 = (kind in cores.split() for kind in ("fp16", "bf16", "fp8"))
    return Architecture(
        compute_capability=capability,
        name=name,
        fp16=fp16,
        bf16=bf16,
        fp8=fp8,
        flash_attention_2=flash_2,
        flash_attention_3=capability == (9, 0),
        shared_memory_per_block=shared * _KIB,
        first_cuda=cuda[0],
        last_cuda=cuda[1],
        meaning=meaning,
    )


_ALL = "fp16 bf16 fp8"
_12_8, _12_9, _13 = (_BLACKWELL.format(cuda=cuda) for cuda in ("12.8", "12.9", "13.0"))
_IN_CPU_MEMORY = " It shares its memory with the CPU, and NVML states none."

ARCHITECTURES: tuple[Architecture, ...] = (
    _of((6, 0), "Pascal", "", False, 48, ("8.0", "12.9"), _NO_CORES),
    _of((6, 1), "Pascal", "", False, 48, ("8.0", "12.9"), _NO_CORES),
    _of((7, 0), "Volta", "fp16", False, 96, ("9.0", "12.9"), _VOLTA),
    _of((7, 5), "Turing", "fp16", False, 64, ("10.0", None), _FP16_ONLY),
    _of((8, 0), "Ampere", "fp16 bf16", True, 163, ("11.0", None), _AMPERE),
    _of((8, 6), "Ampere", "fp16 bf16", True, 99, ("11.1", None), _SMALL),
    _of((8, 7), "Ampere (Orin)", "fp16 bf16", True, 163, ("11.4", None), _AMPERE),
    _of((8, 9), "Ada Lovelace", _ALL, True, 99, ("11.8", None), _SMALL),
    _of((9, 0), "Hopper", _ALL, True, 227, ("11.8", None), _HOPPER),
    _of((10, 0), "Blackwell", _ALL, True, 227, ("12.8", None), _12_8),
    _of((10, 3), "Blackwell Ultra", _ALL, None, 227, ("12.9", None), _12_9),
    _of((11, 0), "Blackwell (Thor)", _ALL, None, 227, ("13.0", None), _13 + _IN_CPU_MEMORY),
    _of((12, 0), "Blackwell", _ALL, True, 99, ("12.8", None), _12_8),
    _of((12, 1), "Blackwell (GB10)", _ALL, None, 99, ("12.9", None), _12_9 + _IN_CPU_MEMORY),
    # The oldest last: they train the fewest models.
    _of((7, 2), "Volta (Xavier)", "fp16", False, 96, ("9.1", "12.9"), _VOLTA),
    _of((6, 2), "Pascal (TX2)", "", False, 48, ("8.0", "12.9"), _NO_CORES),
    _of((5, 3), "Maxwell (Nano)", "", False, 48, ("7.0", "12.9"), _NO_CORES),
    _of((5, 2), "Maxwell", "", False, 48, ("6.5", "12.9"), _NO_CORES),
    _of((5, 0), "Maxwell", "", False, 48, ("6.0", "12.9"), _NO_CORES),
)


# By CUDA's major release: the oldest NVIDIA driver that runs programs built with it (Linux).
MINIMUM_DRIVERS: dict[int, str] = {11: "450", 12: "525", 13: "580"}
DRIVER_SOURCE = "NVIDIA, CUDA Compatibility, Minor Version Compatibility, Table 1"
