"""GPUs by name, without having one: architectures, cards, and GPU facts for what-if.

    >>> from gemma_compat import gpus
    >>> [(gpu.name, gpu.memory_total) for gpu in gpus.parse("2xA100-80GB")]
    [('A100-80GB', 81920), ('A100-80GB', 81920)]
    >>> gpus.architecture("sm_75").bf16
    False

The tables are in ``gpu_tables.py``, ``cards_table.py`` and, for other makers,
``other_cards_table.py``. Nothing here reads the machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from ..errors import UsageError
from ..facts import UNKNOWN, Gpu
from ..values import Value
from .cards_table import CARDS, Card
from .gpu_tables import ARCHITECTURES, Architecture
from .other_cards_table import OTHER_CARDS, OtherCard

_MOST = 1024  # GPUs in one what-if; more is a slip of the keyboard
_MAKER = re.compile(r"nvidia|tesla|geforce|rtx|gtx|\bgpu\b|with|generation|[^a-z0-9]")
_MOBILE = re.compile(r"laptop gpu|notebook|mobile|max-?q(?: design)?")
_FORM = re.compile(r"pcie|sxm\d?|dgxs|fhhl|passive")  # how a card is built in
_OTHER_MAKERS = re.compile(r"amd|instinct|radeon|intel|apple|google|cloud|gpu|[^a-z0-9]")
_SLICE = re.compile(r"(?:tpu\W*)?(v\d[ep]?)-\d+")  # a part of a pod of TPUs: v5e-8
_LINES = re.compile(r"^(rx|arc|tpu)(?=.*\d)")  # what people leave out: 7900 XTX, A770
# A card and its memory: "a100 80g", "4090 24GB", "a100-80". The driver says up to 8% less than the
# vendor.
_SIZED = re.compile(
    r"(?P<card>.*?[^\s-])[\s-]*\b(?P<size>\d{1,3})\s*(?P<unit>gi?b?)?", re.IGNORECASE
)
_LESS, _MORE = 0.92, 1.005


def parse(text: str) -> tuple[Gpu, ...]:
    """Return the GPUs that a text names: ``T4``, ``2xA100-80GB``, ``L4,L4``, ``sm_75``, ``none``.

    What the name leaves open stays unknown: ``A100`` comes with 40 and with 80 GB, ``sm_90`` has
    no memory at all. Indices count from 0; UUID and free memory stay unknown.

    Raises:
        UsageError: no such card or architecture; it names the nearest ones.
    """
    return named(text, strict=True).gpus


class Named(Value):
    """What a text names.

    Attributes:
        gpus: NVIDIA's; of a name that is not known, the name alone.
        others: those of other makers.
        unknown: a line for each name that is not known.
    """

    gpus: tuple[Gpu, ...]
    others: tuple[OtherCard, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def described(self) -> tuple[str, ...]:
        """Return the other makers' cards as ``Facts.other_gpus`` states them."""
        return tuple(card.described() for card in self.others)


def named(text: str, *, strict: bool = False) -> Named:
    """Return the GPUs of every maker that a text names; unless ``strict``, names unknown here too.

    Raises:
        UsageError: a text that names nothing; if ``strict``, a name that is not NVIDIA's.
    """
    if text.strip().lower() == "none":
        return Named(())
    found: list[Gpu] = []
    rest: list[OtherCard] = []
    unknown: list[str] = []
    for item in text.split(","):
        count, name = _count(item.strip(), text)
        try:
            gpu = _gpu(name)
        except UsageError as error:
            other = other_card(name)
            if strict or (other is None and is_capability(name)):
                raise
            if other is not None:
                rest += [other] * count
                continue
            unknown.append(str(error))
            gpu = Gpu(name=name)
        found += [gpu.replace(index=len(found) + position) for position in range(count)]
    return Named(tuple(found), tuple(rest), tuple(unknown))


def other_card(name: str) -> OtherCard | None:
    """Return the card of another maker of that name (``MI300X``, ``Radeon RX 7900 XTX``, ``TPU
    v5e``); ``M3 Max 64GB`` states the memory of a card that shares its own with the CPU.
    """
    found = _other_card(name)
    sized = _SIZED.fullmatch(name.strip()) if found is None else None
    if sized is None or sized["unit"] is None:
        return found
    found, size = _other_card(sized["card"]), int(sized["size"])
    return found.replace(memory=size) if found and found.memory in (None, size) else None


def _other_card(name: str) -> OtherCard | None:
    key = _other_key(_SLICE.sub(r"tpu \1", name.lower()))
    for card in OTHER_CARDS:
        names = {card.name, *card.also.split(",")} - {""}
        keys = {_other_key(item) for item in names}
        if key in keys | {_LINES.sub("", item) for item in keys} | {card.architecture.lower()}:
            return card
    return None


def _other_key(name: str) -> str:
    return _OTHER_MAKERS.sub("", name.lower())


def architecture(key: str | tuple[int, int]) -> Architecture:
    """Return the architecture of a compute capability: ``(7, 5)``, ``7.5``, ``sm_75`` or ``75``.

    Raises:
        UsageError: it is not in the table.
    """
    capability = key if isinstance(key, tuple) else _capability(key)
    for item in ARCHITECTURES:
        if item.compute_capability == capability:
            return item
    known = ", ".join("{}.{}".format(*item.compute_capability) for item in ARCHITECTURES)
    raise UsageError(f"no architecture is known as {_shown(key)!r}; known: {known}")


def cards(name: str) -> tuple[Card, ...]:
    """Return the cards of that name, several where it leaves something open (``A100``).

    ``name`` is short (``A100-80GB``, ``RTX 4090``, ``4090``) or what NVML gives.

    Raises:
        UsageError: there is none; it names the nearest ones.
    """
    whole = " ".join(name.split()).removeprefix("NVIDIA ")
    found = [card for card in CARDS if card.name.lower() == whole.lower()]
    found = found or [c for c in CARDS if re.fullmatch(c.pattern, whole, re.IGNORECASE)]
    key = _key(name)
    found = found or [card for card in CARDS if key and key in _keys(card)]
    found = found or [card for card in CARDS if key and _key(card.name.partition("-")[0]) == key]
    plain = _FORM.sub("", key)
    if not found and plain != key:
        return cards(plain)
    if not found:
        raise UsageError(f"no GPU is known as {name!r}; {_nearest(key)}")
    return tuple(found)


def is_capability(text: str) -> bool:
    """Return whether a text is meant as a compute capability and not as a card's name."""
    return _capability(text) is not None


def _count(item: str, text: str) -> tuple[int, str]:
    """Return ``2xA100`` and ``A100 x2`` as 2 and ``A100``; a card's own name is one card."""
    if _is_card(item):
        return 1, item
    before = re.fullmatch(r"(?P<count>\d+)\s*[x*]\s*(?P<name>.+)", item, re.IGNORECASE)
    after = re.fullmatch(r"(?P<name>.+?)\s*[x*]\s*(?P<count>\d+)", item, re.IGNORECASE)
    if after is not None and not _is_card(after["name"]):
        after = None
    match = before or after
    count, name = (int(match["count"]), match["name"]) if match else (1, item)
    if not name or not 1 <= count <= _MOST:
        raise UsageError(f"{text!r} names no GPUs; write T4, 2xA100-80GB, sm_75 or none")
    return count, name


def _is_card(name: str) -> bool:
    """Return whether a text is the name of one card, of any maker."""
    if other_card(name) is not None:
        return True
    try:
        cards(name)
    except UsageError:
        return False
    return True


def _gpu(name: str) -> Gpu:
    """Return what all cards of this name have in common."""
    if is_capability(name):
        known = architecture(name)
        return Gpu(architecture=known.name, compute_capability=known.compute_capability)
    try:
        found = cards(name)
    except UsageError:
        sized = _sized(name)
        if sized is None:
            raise
        return sized
    return _common_gpu(found, name)


def _common_gpu(found: Sequence[Card], name: str) -> Gpu:
    return Gpu(
        name=found[0].name if len(found) == 1 else _shared_name(found, name),
        architecture=_common(architecture(card.compute_capability).name for card in found),
        compute_capability=_common(card.compute_capability for card in found),
        memory_total=_common(card.memory_total for card in found),
    )


def _sized(text: str) -> Gpu | None:
    """Return the card that a name and a memory describe; ``None`` if the name is not known.

    If no card of that name was sold with so much memory, it is a rebuilt one (``2080 Ti 22GB``):
    the memory is what the text says.
    """
    match = _SIZED.fullmatch(text.strip())
    if match is None:
        return None
    try:
        found = cards(match["card"])
    except UsageError:
        return None
    size = int(match["size"])
    exact = [card for card in found if card.name.endswith(f"-{size}GB")]
    fitting = exact or [card for card in found if match["unit"] and _has(card, size)]
    if fitting:
        return _common_gpu(fitting, match["card"])
    if match["unit"] is None or not size:
        return None
    one = _common_gpu(found, match["card"])
    return one.replace(name=f"{one.name} with {size} GB", memory_total=1024 * size)


def _has(card: Card, size: int) -> bool:
    """Return whether a card has about so many GB."""
    memory = card.memory_total
    return memory is not None and _LESS * size <= memory / 1024 <= _MORE * size


def _shared_name(found: Sequence[Card], asked: str) -> str:
    """Return the name without its size, where the cards differ in that alone."""
    bases = {card.name.partition("-")[0] for card in found}
    return bases.pop() if len(bases) == 1 else asked


def _common(values: Iterable[Any]) -> Any:
    """Return the one value they all have; unknown where they differ or where it is not known."""
    distinct = set(values)
    value = distinct.pop()
    return UNKNOWN if distinct or value is None else value


def _capability(text: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"(?:sm_|compute_)(\d+)(\d)[af]?|(\d+)\.(\d)|(\d{1,2})(\d)", text.strip())
    if match is None:
        return None
    major, minor = (group for group in match.groups() if group is not None)
    return int(major), int(minor)


def _key(name: str) -> str:
    """Return a name as it is compared: without maker, line and signs; Quadro's numbers keep their
    line.
    """
    return _MAKER.sub("", _MOBILE.sub("laptop", name.lower()))


@lru_cache(maxsize=None)
def _keys(card: Card) -> frozenset[str]:
    return frozenset(_key(item) for item in (card.name, *card.also.split(","))) - {""}


def _nearest(key: str) -> str:
    """Return a hint with names that begin with the same letters, of cards of the same line."""
    import difflib

    line = _line(key)
    by_key = {_key(card.name): card.name for card in CARDS if _line(_key(card.name)) == line}
    near = difflib.get_close_matches(key, by_key, n=3, cutoff=0.4)
    if not near:
        return "see gemma_compat gpu"
    return "nearest: " + ", ".join(by_key[item] for item in near)


def _line(key: str) -> str:
    """Return the letters in front: ``h`` of ``h100``, none of ``4090``."""
    return re.split(r"\d", key, maxsplit=1)[0]


def _shown(key: str | tuple[int, int]) -> str:
    return key if isinstance(key, str) else "{}.{}".format(*key)
