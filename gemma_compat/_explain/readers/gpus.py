"""Read the names of GPUs, how many there are, and their memory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .base import LISTED, MENTIONED, STATED, Reader, Reading, unless_advice

_LONGEST_COUNT = 4096


def _known(name: str) -> str | None:
    """Return the longest beginning of the text that is a card's name, since the text may run on."""
    from ...errors import UsageError
    from ...tables import gpus

    words = re.split(r"[\s,]+", name.strip())
    for end in range(min(len(words), 8), 0, -1):
        card = " ".join(words[:end]).rstrip(".:;)")
        try:
            gpus.cards(card)
        except UsageError:
            continue
        return card
    return None


def _named(strength: int) -> object:
    def read(match: re.Match[str]) -> Iterator[Reading]:
        card = _known(match["name"])
        if card is None:
            return
        yield Reading("gpus", card, strength)
        at = match.start("name")
        before, after = match.string[:at], match.string[at:]
        start = re.search(
            r"(?<![\w.])(?:(?P<nodes>\d{1,2}) ?[xX*×] ?)?(?P<each>\d{1,3}) ?(?:[xX*×] ?)?"
            r"(?:NVIDIA )?$",
            before,
            re.ASCII,
        )
        behind = re.match(
            re.escape(card) + r"(?:s? ?[xX×*] ?(\d{1,3})\b|s?[ )]*\((\d{1,3})\))", after
        )
        if start and not re.search(r"[\w.]\d{1,3} ?$", before[: start.start()] + " "):
            yield Reading("gpu_count", int(start["nodes"] or 1) * int(start["each"]), LISTED)
        elif behind:
            yield Reading("gpu_count", int(behind[1] or behind[2]), LISTED)

    return read


def _count(match: re.Match[str]) -> Iterator[Reading]:
    count = int(match["count"])
    if 1 <= count <= _LONGEST_COUNT:
        yield Reading("gpu_count", count, LISTED)


def _capability(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("gpus", f"sm_{match['major']}{match['minor']}", MENTIONED)


def _memory(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("gpu_memory", float(match["memory"]), STATED)


_MAKERS = r"NVIDIA|Tesla|GeForce|Quadro|RTX|GTX|TITAN|AMD|Radeon|Instinct|Apple|Intel|Jetson"
# Cards by their number alone. The first letter stands first so that the search is fast.
_BARE = (
    r"[AHBLVTPMG](?:(?<![\w/.$-].)|(?<=\d[xX].))(?:(?:\d{2,4}[A-Z]{0,2}|(?<=[TL])4|"
    r"I\d{3}[A-Z]?|[BH]\d{2,3}))(?:[- ](?:\d{2,3} ?G(?:i?B)?|SXM\d?|PCIe)){0,3}"
)
# What each has, as lines are searched: H100 and 8xH100, MI300, T4.
_BARE_WORDS = (*(f"{letter}00" for letter in "ahbvpmg"), "t0", "l0", "i000")

GPUS: tuple[Reader, ...] = (
    Reader(  # what env commands and forms say
        r"GPUs?(?: type| name| model|\(s\))?\*{0,2} ?[:=]\*{0,2} {0,8}(?:\d+ ?[xX×*] ?)?"
        r"(?P<name>[A-Za-z0-9][\w -]{1,60})",
        _named(LISTED),  # type: ignore[arg-type]
        {
            "- GPU type: Tesla T4": {"gpus": "Tesla T4"},
            "GPU: RTX 4090": {"gpus": "RTX 4090"},
            "GPU: T4": {"gpus": "T4"},
            "GPU: 4x A100-80GB": {"gpus": "A100-80GB", "gpu_count": 4},
            "the GPU: it is fine": {"gpus": ...},
        },
        needs=b"GPU",
    ),
    Reader(
        rf"(?<![\w/.-])(?P<name>(?:{_MAKERS})(?: [A-Za-z0-9-]{{1,20}}){{1,6}})",
        unless_advice(_named(LISTED)),  # type: ignore[arg-type]
        {
            "   \\\\   /|    Tesla T4. Num GPUs = 2. Max memory: 14.741 GB.": {"gpus": "Tesla T4"},
            "2 x NVIDIA GeForce RTX 3090": {"gpus": "NVIDIA GeForce RTX 3090", "gpu_count": 2},
            "the NVIDIA driver is fine": {"gpus": ...},
            "NVIDIA Frobnicator 9000": {"gpus": ...},
        },
    ),
    Reader(  # a card by its number alone
        rf"(?P<name>{_BARE})(?![\w/.-]{{0,20}}[/_=])\b(?! ?%)",
        unless_advice(_named(STATED)),  # type: ignore[arg-type]
        {
            "H100 80GB HBM3": {"gpus": "H100 80GB"},
            "Kaggle T4 x 2": {"gpus": "T4", "gpu_count": 2},
            "trained on 8xH100": {"gpus": "H100", "gpu_count": 8},
            "single A100 40GB": {"gpus": "A100 40GB"},
            "在2*8 H100（80g）上": {"gpus": "H100", "gpu_count": 16},
            "requires A100/A800 or H100/H800": {"gpus": ...},
        },
        limit=40,
        words=_BARE_WORDS,
    ),
    Reader(
        r"(?:Num GPUs (?:used )?= |GPU (?:number|count|num)s?: {0,4}|(?:number of|num[_ ]) ?GPUs?"
        r" ?[:=] ?|[Uu]sing GPU[^\n]{0,40}\(|[Uu]sing |\bn_gpu\"?: |(?<!\w)num_gpus[\"']?[:=] ?)"
        r"(?P<count>\d{1,4})(?!\.?\d)(?! ?-? ?(?:bit|num|samples|workers|threads|process|tokens|"
        r"epoch))",
        _count,
        {
            "- GPU number: 8": {"gpu_count": 8},
            "- Using GPU in script?: Yes (2 GPUs)": {"gpu_count": 2},
            '"n_gpu": 3,': {"gpu_count": 3},
            "Num GPUs used = 4": {"gpu_count": 4},
            "Using 16 num_workers": {"gpu_count": ...},
            "I'm using 4-bit QLoRA": {"gpu_count": ...},
        },
    ),
    Reader(
        r"(?<![\w.])(?P<count>\d{1,3}) (?:GPUs|cards|graphics cards)\b",
        unless_advice(_count),
        {"I train on 4 GPUs": {"gpu_count": 4}},
        limit=20,
    ),
    Reader(
        r"(?:CUDA|compute) capability ?(?:sm_|=|:)? ?(?P<major>\d{1,2})[._]?(?P<minor>\d)\b",
        _capability,
        {"with CUDA capability sm_120 is not": {"gpus": "sm_120"}},
        needs=b"capability",
    ),
    Reader(
        r"\"compute_capability\": \"sm_(?P<major>\d{1,2})(?P<minor>\d)\"",
        _capability,
        {'"compute_capability": "sm_80",': {"gpus": "sm_80"}},
        needs=b"compute_capability",
    ),
    Reader(
        r"(?:Max memory ?[:=] ?|GPU memory ?[:=] ?|total capacity of )"
        r"(?P<memory>\d{1,3}\.?\d{0,3}) ?Gi?B",
        _memory,
        {
            "Max memory: 39.564 GB.": {"gpu_memory": 39.564},
            "GPU 0 has a total capacity of 14.74 GiB of which": {"gpu_memory": 14.74},
            "- GPU memory: 79.15GB": {"gpu_memory": 79.15},
        },
        limit=50,
    ),
)
