"""NVIDIA architectures and the cards people train on, each figure with its source. Pure data.

``None`` is a figure that no source was found for. ``gpus.py`` has the functions.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

_GUIDE = "NVIDIA, CUDA Programming Guide 13, Compute Capabilities"
_OLD_GUIDE = "NVIDIA, CUDA C++ Programming Guide 12.9, Compute Capabilities"
_CORES = f"{_GUIDE}, Input Data Types Supported by Tensor Core Acceleration"
_MEMORY = f"{_GUIDE}, Memory Information per Compute Capability"
_OLD_MEMORY = f"{_OLD_GUIDE}, Technical Specifications per Compute Capability"
_PTX = "NVIDIA, PTX ISA, Release Notes, PTX Release History"
_DROPPED = "NVIDIA, CUDA 13.0 Release Notes, Deprecated Architectures"
_FLASH = "Dao-AILab/flash-attention, README, NVIDIA CUDA Support"
_FLASH_BUILD = "Dao-AILab/flash-attention, setup.py (builds 80, 90, 100, 120)"
_FLASH_3 = "Dao-AILab/flash-attention, README, FlashAttention-3 beta release"

CAPABILITY_SOURCE = "NVIDIA, CUDA GPU Compute Capability (developer.nvidia.com/cuda-gpus)"
MEMORY_SOURCE = (
    "memory.total as nvidia-smi prints it with a driver of 510 or newer; the vendor states GB"
)


@dataclass(frozen=True)
class Architecture:
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
        """``sm_75``."""
        return "sm_{}{}".format(*self.compute_capability)

    @property
    def sources(self) -> dict[str, str]:
        """Where each figure is from, by field; a figure that is unknown has none."""
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
        }
        return {item.name: known[item.name] for item in fields(self) if self._has_source(item.name)}

    def _has_source(self, name: str) -> bool:
        return name in _WITH_SOURCE and getattr(self, name) is not None


_WITH_SOURCE = {
    "fp16",
    "bf16",
    "fp8",
    "flash_attention_2",
    "flash_attention_3",
    "shared_memory_per_block",
    "first_cuda",
    "last_cuda",
}
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
    """One row; ``cores`` lists what the tensor cores take, ``shared`` is in KiB."""
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
)


@dataclass(frozen=True)
class Card:
    """One product.

    Attributes:
        name: short, as people type it: ``A100-80GB``.
        compute_capability: ``(8, 0)``.
        memory_total: MiB, or ``None`` where no source was found or there is none of its own.
        pattern: regular expression of the whole name that NVML gives, without ``NVIDIA``.
        also: another name that people type.
    """

    name: str
    compute_capability: tuple[int, int]
    memory_total: int | None
    pattern: str
    also: str = ""


CARDS: tuple[Card, ...] = (
    Card("P100-16GB", (6, 0), 16384, r"Tesla P100-(PCIE|SXM2)-16GB"),
    Card("P40", (6, 1), 24576, r"Tesla P40"),
    Card("GTX 1080 Ti", (6, 1), 11264, r"GeForce GTX 1080 Ti"),
    Card("V100-16GB", (7, 0), 16384, r"Tesla V100-(PCIE|SXM2|SXM3|FHHL|DGXS)-16GB"),
    Card("V100-32GB", (7, 0), 32768, r"Tesla V100S?-(PCIE|SXM2|SXM3|DGXS)-32GB"),
    Card("T4", (7, 5), 15360, r"(Tesla )?T4"),
    Card("RTX 2080 Ti", (7, 5), 11264, r"GeForce RTX 2080 Ti"),
    Card("A100-40GB", (8, 0), 40960, r"A100-(SXM4|PCIE)-40GB"),
    Card("A100-80GB", (8, 0), 81920, r"A100-SXM4-80GB|A100 80GB PCIe"),
    Card("A30", (8, 0), 24576, r"A30"),
    Card("A10", (8, 6), 23028, r"A10"),
    Card("A10G", (8, 6), 23028, r"A10G"),
    Card("A40", (8, 6), 46068, r"A40"),
    Card("RTX A4000", (8, 6), 16376, r"RTX A4000"),
    Card("RTX A5000", (8, 6), 24564, r"RTX A5000"),
    Card("RTX A6000", (8, 6), 49140, r"RTX A6000"),
    Card("RTX 3060", (8, 6), 12288, r"GeForce RTX 3060"),
    Card("RTX 3080", (8, 6), 10240, r"GeForce RTX 3080"),
    Card("RTX 3090", (8, 6), 24576, r"GeForce RTX 3090"),
    Card("L4", (8, 9), 23034, r"L4"),
    Card("L40S", (8, 9), 46068, r"L40S"),
    Card("RTX 6000 Ada", (8, 9), 49140, r"RTX 6000 Ada Generation"),
    Card("RTX 4060", (8, 9), 8188, r"GeForce RTX 4060"),
    Card("RTX 4070", (8, 9), 12282, r"GeForce RTX 4070"),
    Card("RTX 4080", (8, 9), 16376, r"GeForce RTX 4080"),
    Card("RTX 4090", (8, 9), 24564, r"GeForce RTX 4090"),
    Card("H100-SXM", (9, 0), 81559, r"H100 80GB HBM3", "H100-80GB"),
    Card("H100-PCIe", (9, 0), 81559, r"H100 PCIe", "H100-80GB"),
    Card("H100-NVL", (9, 0), 95830, r"H100 NVL"),
    Card("H20", (9, 0), 97871, r"H20"),
    Card("H200", (9, 0), 143771, r"H200( NVL)?"),
    Card("GH200", (9, 0), 97871, r"GH200 (120|480)GB"),
    Card("B200", (10, 0), 183359, r"B200"),
    Card("GB200", (10, 0), 189471, r"GB200"),
    Card("B300", (10, 3), 275040, r"B300 SXM6 AC"),
    Card("RTX 5070", (12, 0), 12227, r"GeForce RTX 5070"),
    Card("RTX 5070 Ti", (12, 0), 16303, r"GeForce RTX 5070 Ti"),
    Card("RTX 5080", (12, 0), 16303, r"GeForce RTX 5080"),
    Card("RTX 5090", (12, 0), 32607, r"GeForce RTX 5090"),
    Card("RTX PRO 6000", (12, 0), 97887, r"RTX PRO 6000 Blackwell .*Edition"),
    Card("GB10", (12, 1), None, r"GB10"),
)

# By CUDA's major release: the oldest NVIDIA driver that runs programs built with it (Linux).
MINIMUM_DRIVERS: dict[int, str] = {11: "450", 12: "525", 13: "580"}
DRIVER_SOURCE = "NVIDIA, CUDA Compatibility, Minor Version Compatibility, Table 1"
