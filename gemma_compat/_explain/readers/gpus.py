"""Read the names of GPUs, how many there are, and their memory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .base import LISTED, MENTIONED, STATED, Read, Reader, Reading, unless_advice
from .saying import is_beside, is_in_comment, part

_LONGEST_COUNT = 4096

# Behind a card's name, these make it another card, if the table does not have it.
_ANOTHER = {"ada", "pro", "super", "ti", "ultra"}


def _known(name: str) -> str | None:
    """Return the longest beginning of the text that is a card's name, since the text may run on."""
    from ...errors import UsageError
    from ...tables import gpus

    words = re.split(r"[\s,]+", name.strip())
    for end in range(min(len(words), 8), 0, -1):
        card = re.sub(r"([ -]\d{2,3})[gG]$", r"\1GB", " ".join(words[:end]).rstrip(".:;)"))
        try:
            gpus.cards(card)
        except UsageError:
            continue
        following = "".join(words[end : end + 1]).lower()
        if card.lower() == "rtx 6000" and following == "pro":
            return "RTX PRO 6000"
        return None if following in _ANOTHER else card
    return None


# How many there are, in front of a name: "4 x", "2张", "8 pieces of", "two".
_WORDS = {"single": 1, "one": 1, "two": 2, "dual": 2, "three": 3, "four": 4, "eight": 8}
_CHINESE = {"一": 1, "单": 1, "二": 2, "两": 2, "双": 2, "三": 3, "四": 4, "八": 8}
_BEFORE = re.compile(
    r"(?:(?P<unit>(?<![\w.-])[A-Za-z]+) )?"
    r"(?:(?<![\w.])(?P<nodes>\d{1,2}) ?[*xX×] ?)?"
    rf"(?:(?<![\w.])(?P<count>\d{{1,3}})|\b(?i:(?P<word>{'|'.join(_WORDS)}))|"
    rf"(?P<chinese>[{''.join(_CHINESE)}])(?= ?[张块卡片]))"
    r"(?P<by> ?[*xX×] ?| ?[张块卡片] ?| pieces? of | ?)(?:NVIDIA )?$"
)
# A number behind such a word is its own: "Gemma 3 A100" has one card.
_NUMBERED = re.compile(
    r"(?i)^(?:gemma|gemma-?\d?|llama|qwen|phi|mistral|cuda|gpus?|device|rank|python|torch|step|"
    r"epoch|version|v|node|stage|zero|issue|figure|table|top|and|or)$"
)
_SEVERAL_NODES = re.compile(
    r"(?i)\b(?:[2-9]|\d{2,3}|two|three|four|eight|multi|multiple)[ -]?"
    r"(?:[A-Z]\w{1,8} )?(?:nodes?|machines|servers)\b"
    r"|"
    r"(?:每|[二两三四]|[2-9])(?:个)?(?:节点|台|机)"
)


def _number_of(card: str, line: str, at: int) -> int | None:
    """Return how many cards of that name the line counts; ``None`` if it counts none.

    A number of cards in each of several machines is not the run's.
    """
    if _SEVERAL_NODES.search(line):
        return None
    start = _BEFORE.search(line[:at])
    if start and not (start["by"].strip(" ") == "" and _NUMBERED.match(start["unit"] or "")):
        word = (start["word"] or start["chinese"] or "").lower()
        count = int(start["count"]) if start["count"] else {**_WORDS, **_CHINESE}[word]
        return count * int(start["nodes"] or 1) or None
    name = re.escape(card).replace(r"\ ", " ?")
    behind = re.match(rf"{name}(?:s? ?[xX×*] ?(\d{{1,3}})\b(?! ?G)|s?[ )]*\(([1-9])\))", line[at:])
    return int(behind[1] or behind[2]) or None if behind else None


def _names_others(card: str, line: str) -> bool:
    """Return whether the line names cards of another kind as well."""
    from ...tables import gpus

    same = {item.name for item in gpus.cards(card)}
    for found in _ANY.finditer(line):
        other = _known(found["name"] or found["bare"])
        if (
            other
            and not is_beside(found)
            and same.isdisjoint(item.name for item in gpus.cards(other))
        ):
            return True
    return False


_WISHED = re.compile(
    r"(?i)\bneeds?\b|\benough\b|\bsufficient\b|\bbuy\b|\brent\b|足够|够用|想用|打算|"
    r"\b(?:want|plan|like|going|wish) to (?:get|use|switch|move|upgrade)\b"
)


def _is_the_runs(match: re.Match[str], card: str, at: int) -> bool:
    """Return whether the line says that the run has this card, and not only names it."""
    return not (
        is_in_comment(match)
        or is_beside(match)
        or re.search(r"\bfor (?:an? |the )?(?:NVIDIA |Tesla |GeForce |RTX )*$", match.string[:at])
        or _WISHED.search(part(match))
        or _names_others(card, match.string)
    )


def _named(strength: int) -> Read:
    def read(match: re.Match[str]) -> Iterator[Reading]:
        card = _known(match["name"])
        if card is None:
            return
        at = match.start("name")
        if not _is_the_runs(match, card, at):
            yield Reading("gpus_beside", True, MENTIONED)
            return
        yield Reading("gpus", card, strength)
        count = _number_of(card, match.string, at)
        if count:
            yield Reading("gpu_count", count, LISTED)

    return read


def _count(match: re.Match[str]) -> Iterator[Reading]:
    count = int(match["count"])
    if _SEVERAL_NODES.search(match.string):
        return
    if 1 <= count <= _LONGEST_COUNT:
        yield Reading("gpu_count", count, LISTED)


def _count_told(match: re.Match[str]) -> Iterator[Reading]:
    """Read a number of cards in a sentence; "GTX 980 cards" counts none."""
    if not is_beside(match) and not re.search(rf"(?:{_MAKERS}) $", match.string[: match.start()]):
        yield from _count(match)


def _listed_by_env(match: re.Match[str]) -> Iterator[Reading]:
    """Read a list of equal cards, as ``trl env`` prints it."""
    names = [name.strip() for name in match["names"].split(",") if name.strip()]
    card = _known(names[0].replace("SXM-", "SXM4-")) if len(set(names)) == 1 else None
    if card:
        yield Reading("gpus", card, LISTED)
        yield Reading("gpu_count", len(names), LISTED)


def _capability(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("gpus", f"sm_{match['major']}{match['minor']}", MENTIONED)


def _memory(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("gpu_memory", float(match["memory"]), STATED)


_MAKERS = r"NVIDIA|Tesla|GeForce|Quadro|RTX|GTX|TITAN|AMD|Radeon|Instinct|Apple|Intel|Jetson"
# Cards by their number alone. The first letter stands first so that the search is fast.
_BARE = (
    r"[AHBLVTPMG](?:(?<![\w/.$-].)|(?<=\d[xX].)|(?<=GPU-.))(?:(?:(?<=L)40s\b|\d{2,4}[A-Z]{0,2}|(?<=[TL])4|"
    r"I\d{3}[A-Z]?|[BH]\d{2,3}))(?:[- ](?:\d{2,3} ?G(?:i?B)?|SXM\d?|PCIe)){0,3}"
)
# What each has, with 0 for each digit: H100 and 8xH100, MI300, T4.
_BARE_WORDS = (*(f"{letter}00" for letter in "AHBVPMG"), "T0", "L0", "I000")

_ANY = re.compile(
    rf"(?<![\w/.-])(?P<name>(?:{_MAKERS}) ?[A-Za-z0-9-]{{1,20}}"
    r"(?: (?i:Ti|SUPER|D|Laptop|Ada|Pro)){0,3})|"
    rf"(?P<bare>{_BARE})"
)
GPUS: tuple[Reader, ...] = (
    Reader(  # what env commands and forms say
        r"GPUs?(?: type| name| model|\(s\))?\*{0,2} ?[:=]\*{0,2} {0,8}(?:\d+ ?[xX×*] ?)?"
        r"(?P<name>[A-Za-z0-9][\w -]{1,60})",
        _named(LISTED),
        {
            "- GPU type: Tesla T4": {"gpus": "Tesla T4"},
            "GPU: RTX 4090": {"gpus": "RTX 4090"},
            "GPU: T4": {"gpus": "T4"},
            "GPU: 4x A100-80GB": {"gpus": "A100-80GB", "gpu_count": 4},
            "the GPU: it is fine": {"gpus": ...},
        },
    ),
    Reader(
        rf"(?<![\w/.-])(?P<name>(?:{_MAKERS})(?: [A-Za-z0-9-]{{1,20}}){{1,6}})",
        unless_advice(_named(LISTED)),
        {
            "   \\\\   /|    Tesla T4. Num GPUs = 2. Max memory: 14.741 GB.": {"gpus": "Tesla T4"},
            "2 x NVIDIA GeForce RTX 3090": {"gpus": "NVIDIA GeForce RTX 3090", "gpu_count": 2},
            "the NVIDIA driver is fine": {"gpus": ...},
            "NVIDIA Frobnicator 9000": {"gpus": ...},
            "- RTX PRO 6000 96GB": {"gpus": "RTX PRO 6000"},
            "- RTX 6000 Pro 96GB": {"gpus": "RTX PRO 6000"},
            "RTX 3090 Ultra": {"gpus": ...},
            "NVIDIA GeForce RTX 4070 Ti SUPER. Num GPUs = 1.": {
                "gpus": "NVIDIA GeForce RTX 4070 Ti SUPER"
            },
            "trying to train it on a Tesla T4": {"gpus": "Tesla T4"},
            "dtype = None # None for auto. Float16 for Tesla T4, V100": {"gpus": ...},
            "# [Bug] it fails on a Tesla T4": {"gpus": "Tesla T4"},
            "dual RTX 3090": {"gpu_count": 2},
        },
    ),
    Reader(  # a card by its number alone
        rf"(?P<name>{_BARE})s?(?![\w/.-]{{0,20}}[/_=])\b(?! ?%)",
        unless_advice(_named(STATED)),
        {
            "H100 80GB HBM3": {"gpus": "H100 80GB"},
            "my GPU-T4 in Colab": {"gpus": "T4"},
            "on 4 A100s": {"gpus": "A100", "gpu_count": 4},
            "an L40s with 48GB": {"gpus": "L40s"},
            "Kaggle T4 x 2": {"gpus": "T4", "gpu_count": 2},
            "trained on 8xH100": {"gpus": "H100", "gpu_count": 8},
            "single A100 40GB": {"gpus": "A100 40GB"},
            "requires A100/A800 or H100/H800": {"gpus": ...},
            "on 2*8 H100 (80g)": {"gpus": "H100", "gpu_count": 16},
            "2 nodes, each with 8 H100": {"gpus": "H100", "gpu_count": ...},
            "Gemma 3 A100 run": {"gpus": "A100", "gpu_count": ...},
            "using 1 piece of A100": {"gpus": "A100", "gpu_count": 1},
            "在 8卡 A100 上训练": {"gpus": "A100", "gpu_count": 8},
            "I suffered from it on A100 and V100": {"gpus": ..., "gpus_beside": True},
            "On A100 it works, ": {"gpus": ..., "gpus_beside": True},
            "It works on CPU, but fails on a T4": {"gpus": "T4"},
            "does not work on a T4": {"gpus": "T4"},
            "On an A100 it is ok. On my V100 it crashes.": {"gpus": "V100"},
            "A100 可以跑，T4 报错": {"gpus": "T4"},
            "在两张 A100 上微调": {"gpus": "A100", "gpu_count": 2},
            "Does this need an H100?": {"gpus": ...},
            "Is a T4 enough?": {"gpus": ...},
        },
        limit=40,
        words=_BARE_WORDS,
    ),
    Reader(
        r"(?:Num GPUs (?:used )?= |GPU (?:number|count|num)s?: {0,4}|(?:number of|num[_ ]) ?GPUs?"
        r" ?[:=] ?|[Uu]sing GPU[^\n]{0,40}\((?=\d+ ?(?:GPU|[xX×)]))|"
        r"\bn_gpu\"?: |(?<!\w)num_gpus[\"']?[:=] ?)"
        r"(?P<count>\d{1,4})(?!\.?\d)(?! ?(?:num|samples|workers|threads|process|tokens|epoch))",
        _count,
        {
            "- GPU number: 8": {"gpu_count": 8},
            "- Using GPU in script?: Yes (2 GPUs)": {"gpu_count": 2},
            '"n_gpu": 3,': {"gpu_count": 3},
            "Num GPUs used = 4": {"gpu_count": 4},
            "Using 16 num_workers": {"gpu_count": ...},
            "I'm using 4-bit QLoRA": {"gpu_count": ...},
            "when using 4096 max_length": {"gpu_count": ...},
            "Using GPU (8 bit)": {"gpu_count": ...},
        },
    ),
    Reader(
        r"(?<![\w.])(?P<count>\d{1,3}) ?(?:GPUs|cards|graphics cards)\b",
        unless_advice(_count_told),
        {
            "I train on 4 GPUs": {"gpu_count": 4},
            "a node of 8GPUs": {"gpu_count": 8},
            "with GTX 980 cards": {"gpu_count": ...},
            "with 2 GPUs it works": {"gpu_count": ...},
            "one of 3 nodes, 8 GPUs in each": {"gpu_count": ...},
        },
        limit=20,
    ),
    Reader(
        r"(?:CUDA device\(s\)|accelerator\(s\)): "
        r"(?P<names>[\w -]{2,60}(?:, [\w -]{2,60}){0,63})",
        _listed_by_env,
        {
            "- CUDA device(s): A100-SXM-80GB, A100-SXM-80GB": {
                "gpus": "A100-SXM4-80GB",
                "gpu_count": 2,
            },
            "- accelerator(s): NVIDIA H100 80GB HBM3": {"gpu_count": 1},
            "- CUDA device(s): Tesla T4, Tesla P100-PCIE-16GB": {"gpus": ..., "gpu_count": ...},
        },
    ),
    Reader(
        r"(?:CUDA|compute) capability ?(?:sm_|=|:)? ?(?P<major>\d{1,2})[._]?(?P<minor>\d)\b",
        _capability,
        {"with CUDA capability sm_120 is not": {"gpus": "sm_120"}},
    ),
    Reader(
        r"\"compute_capability\": \"sm_(?P<major>\d{1,2})(?P<minor>\d)\"",
        _capability,
        {'"compute_capability": "sm_80",': {"gpus": "sm_80"}},
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
