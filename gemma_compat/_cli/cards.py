"""The card that a run is judged or planned for: its memory, and what it can do."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..facts import Facts


@dataclass(frozen=True)
class Chosen:
    """The cards that ``--gpu`` names, or those of this machine.

    Attributes:
        memory: MiB of the smallest; ``None`` where one is not known.
        name: how to call them.
        bfloat16, bitsandbytes: whether every one can; what is not known counts as yes.
    """

    memory: int | None
    name: str
    bfloat16: bool = True
    bitsandbytes: bool = True


def chosen(options: argparse.Namespace, facts: Facts) -> Chosen:
    """Return the cards of any maker that the options name, else the GPUs of the facts."""
    from ..memory import memory_of
    from ..tables import gpus

    named = gpus.named(options.gpu) if options.gpu else None
    if named is not None and named.others and not named.gpus:
        cards = named.others
        sizes = [card.memory for card in cards if card.memory is not None]
        return Chosen(
            memory=1024 * min(sizes) if len(sizes) == len(cards) else None,
            name=_counted(cards[0].described(), len(cards)),
            bfloat16=_all(cards, lambda card: card.bf16),
            bitsandbytes=_all(cards, lambda card: card.bitsandbytes),
        )
    found = facts.gpus if facts.known("gpus") else ()
    if not found:
        return Chosen(None, "")
    capabilities = [gpu.get("compute_capability") for gpu in found]
    known = [gpus.architecture(item) for item in capabilities if item is not None]
    return Chosen(
        memory=memory_of(facts),
        name=_counted(str(found[0].get("name") or found[0].get("architecture")), len(found)),
        bfloat16=_all(known, lambda card: card.bf16),
        bitsandbytes=_all(known, lambda card: card.bitsandbytes),
    )


def _all(cards: Iterable[Any], can: Callable[[Any], bool | None]) -> bool:
    return all(can(card) is not False for card in cards)


def _counted(name: str, count: int) -> str:
    return name if count == 1 else f"{count} x {name}"
