"""What a card or an architecture means for Gemma, as text, markdown or JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..language import said, said_list
from ..tables.cards_table import CAPABILITY_SOURCE, Card
from ..tables.gpu_tables import Architecture
from ..tables.other_cards_table import OTHER_CARDS, OtherCard
from .wide import padded
from .wording import wrap

_LABELS = {
    "fp16": "float16 tensor cores",
    "bf16": "bfloat16 tensor cores",
    "fp8": "float8 tensor cores",
    "flash_attention_2": "FlashAttention 2",
    "flash_attention_3": "FlashAttention 3",
    "shared_memory_per_block": "shared memory per block",
    "bitsandbytes": "bitsandbytes (4 bits)",
    "unsloth": "Unsloth",
    "first_cuda": "first CUDA release",
    "last_cuda": "last CUDA release",
}
_WIDTH = 25


def page_text(architecture: Architecture, cards: Sequence[Card]) -> str:
    """Render the figures as aligned rows, with their meaning and their sources."""
    lines = [_title(architecture, cards), ""]
    for label, value, _ in _rows(architecture, cards):
        lines.append(_row(label, value))
    lines += ["", *wrap(architecture.meaning, first="", rest=""), "", said("Sources")]
    for source, labels in _by_source(architecture, cards).items():
        lines += wrap(f"{', '.join(map(said, labels))}: {source}", first="  ", rest="    ")
    return "\n".join(lines) + "\n"


def page_markdown(architecture: Architecture, cards: Sequence[Card]) -> str:
    """Return a table with a column for the sources."""
    rows = "".join(
        f"| {label} | {value} | {source or '-'} |\n"
        for label, value, source in _rows(architecture, cards)
    )
    head = "| | | source |\n| --- | --- | --- |\n"
    title = _title(architecture, cards)
    return f"# {title}\n\n{architecture.meaning}\n\n{head}{rows}"


def page_json(architecture: Architecture, cards: Sequence[Card]) -> str:
    """Return one JSON document; ``null`` is a figure without a source."""
    from .json import dump

    return dump({"architecture": _facts(architecture), "cards": [_card(card) for card in cards]})


def list_text(architectures: Iterable[Architecture], cards: Sequence[Card]) -> str:
    """Return one line a card, the architectures in order."""
    lines = []
    for item in architectures:
        lines.append(f"{_capability(item.compute_capability):<5} {item.name}, {said(_cores(item))}")
        for card in _of(item, cards):
            lines.append(f"      {card.name:<20} {said(_memory(card.memory_total))}")
    lines.append(said("Other makers"))
    for other in OTHER_CARDS:
        lines.append(
            f"      {other.name:<20} {said(_gib(other.memory))}, {other.maker} {other.architecture}"
        )
    return "\n".join(lines) + "\n"


def list_markdown(architectures: Iterable[Architecture], cards: Sequence[Card]) -> str:
    """Return a table of all cards, one row for an architecture without any."""
    head = "| compute capability | architecture | card | memory | meaning |\n"
    head += "| --- | --- | --- | --- | --- |\n"
    rows = []
    for item in architectures:
        start = f"| {_capability(item.compute_capability)} | {item.name} |"
        named = [f" {card.name} | {_memory(card.memory_total)} |" for card in _of(item, cards)]
        rows += [f"{start}{name} {item.meaning} |\n" for name in named or [" - | - |"]]
    return head + "".join(rows)


def list_json(architectures: Iterable[Architecture], cards: Sequence[Card]) -> str:
    """Return all of both tables as one JSON document."""
    from .json import dump

    return dump(
        {
            "architectures": [_facts(item) for item in architectures],
            "cards": [_card(card) for card in cards],
        }
    )


def _row(label: str, value: str) -> str:
    """Return one row of a page, in the language in use."""
    return f"{padded(said(label), _WIDTH)} {said(value)}"


def _rows(
    architecture: Architecture, cards: Sequence[Card]
) -> Iterator[tuple[str, str, str | None]]:
    """Yield the label, value and source of each figure."""
    capability = _capability(architecture.compute_capability)
    yield "compute capability", f"{capability} ({architecture.sm})", CAPABILITY_SOURCE
    for card in cards:
        label = "memory" if len(cards) == 1 else f"memory of {card.name}"
        source = card.memory_source
        yield label, _memory(card.memory_total), source
    for name, label in _LABELS.items():
        yield label, _value(name, getattr(architecture, name)), architecture.sources.get(name)


def _value(name: str, value: Any) -> str:
    if name == "last_cuda" and value is None:
        return "none so far"
    if value is None:
        return "unknown: no source found"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "shared_memory_per_block":
        return f"{value} bytes ({value // 1024} KiB)"
    return str(value)


def _memory(total: int | None) -> str:
    return "unknown" if total is None else f"{total} MiB"


def _by_source(architecture: Architecture, cards: Sequence[Card]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for label, _, source in _rows(architecture, cards):
        if source is not None:
            found.setdefault(source, []).append(label)
    return found


def _title(architecture: Architecture, cards: Sequence[Card]) -> str:
    names = ", ".join(card.name for card in cards)
    return f"{names}: {architecture.name}" if names else architecture.name


def _cores(item: Architecture) -> str:
    kinds = [name for name in ("fp16", "bf16", "fp8") if getattr(item, name)]
    return f"tensor cores {' '.join(kinds)}" if kinds else "no tensor cores"


def _of(item: Architecture, cards: Iterable[Card]) -> list[Card]:
    return [card for card in cards if card.compute_capability == item.compute_capability]


def _capability(value: tuple[int, int]) -> str:
    return "{}.{}".format(*value)


def _facts(item: Architecture) -> dict[str, Any]:
    figures = {name: getattr(item, name) for name in _LABELS}
    return {
        "compute_capability": list(item.compute_capability),
        "name": item.name,
        **figures,
        "meaning": item.meaning,
        "sources": {"compute_capability": CAPABILITY_SOURCE, **item.sources},
    }


def _card(card: Card) -> dict[str, Any]:
    return {
        "name": card.name,
        "compute_capability": list(card.compute_capability),
        "memory_total_mib": card.memory_total,
        "source": card.memory_source,
    }


_OTHER_LABELS = {
    "bf16": "bfloat16",
    "fp16": "float16",
    "fp8": "float8",
    "flash_attention": "FlashAttention 2",
    "bitsandbytes": "bitsandbytes",
    "unsloth": "Unsloth",
}


def other_text(card: OtherCard) -> str:
    """Return the page of another maker's card."""
    lines = [said_list(card.described()), "", _row("memory", _gib(card.memory))]
    for name, label in _OTHER_LABELS.items():
        lines.append(_row(label, _value(name, getattr(card, name))))
    lines += ["", said("Sources"), *(f"  {source}" for source in card.sources)]
    return "\n".join(lines) + "\n"


def other_markdown(card: OtherCard) -> str:
    rows = [("memory", _gib(card.memory))]
    rows += [(label, _value(name, getattr(card, name))) for name, label in _OTHER_LABELS.items()]
    table = "".join(f"| {label} | {value} |\n" for label, value in rows)
    sources = "".join(f"- {source}\n" for source in card.sources)
    return f"# {card.described()}\n\n| | |\n| --- | --- |\n{table}\nSources:\n\n{sources}"


def other_json(card: OtherCard) -> str:
    from .json import dump

    figures = {name: getattr(card, name) for name in _OTHER_LABELS}
    return dump(
        {
            "name": card.name,
            "maker": card.maker,
            "architecture": card.architecture,
            "memory_gib": card.memory,
            **figures,
            "sources": list(card.sources),
        }
    )


def _gib(memory: int | None) -> str:
    return "shared with the CPU" if memory is None else f"{memory} GiB"
