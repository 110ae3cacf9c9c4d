"""``gpu``: what a card or an architecture means for Gemma, or the list of them."""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import UsageError
from .output import CLEAN, FORMATS, write


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "gpu",
        help="what a card means for Gemma, with sources; all cards without a name",
        allow_abbrev=False,
    )
    parser.set_defaults(command=_gpu)
    parser.add_argument("name", nargs="?", metavar="NAME", help="T4, A100-80GB, sm_75 or 7.5")
    parser.add_argument("--format", choices=FORMATS, default="text")


def _gpu(options: argparse.Namespace) -> int:
    from ..report import gpu_page
    from ..tables import gpus
    from ..tables.cards_table import CARDS, Card
    from ..tables.gpu_tables import ARCHITECTURES

    if options.name is None:
        write(getattr(gpu_page, f"list_{options.format}")(ARCHITECTURES, CARDS))
        return CLEAN
    other = gpus.other_card(options.name)
    if other is not None:
        write(getattr(gpu_page, f"other_{options.format}")(other))
        return CLEAN
    found: tuple[Card, ...] = ()
    if not gpus.is_capability(options.name):
        found = gpus.cards(options.name)
    if len({card.compute_capability for card in found}) > 1:
        names = ", ".join(card.name for card in found)
        raise UsageError(f"{options.name!r} names several cards: {names}; name one of them")
    architecture = gpus.architecture(found[0].compute_capability if found else options.name)
    write(getattr(gpu_page, f"page_{options.format}")(architecture, found))
    return CLEAN
