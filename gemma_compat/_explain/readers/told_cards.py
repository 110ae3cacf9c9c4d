"""Read cards by their number alone, and how many, as sentences tell of them; for estimates only."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .base import MENTIONED, STATED, Reader, Reading
from .saying import is_beside, is_taken_back

_WORDS = {"one": 1, "a": 1, "single": 1, "two": 2, "dual": 2, "three": 3, "four": 4, "eight": 8}
_CARD = r"(?:[2345]0[5-9]0|[ahlvb]\d{2,3}|t4|p100|p40)"
# What is in each, and in few sentences: to look for it takes a tenth of the time.
_FIGURES_OF_A_CARD = r"\d(?:0[5-9]0|(?<=[A-Za-z]\d))"
# What of a card's name is letters, and may stand around them: "2xA100s", "rtx3090x2".
_CARDS = tuple(f"{letter}{s}" for letter in ("", *"ahlvbtp") for s in ("", "s"))
_NAMES = (*_CARDS, "nvidia", "geforce", "rtx", "a", "an")
_NAMES_BEFORE = (*_CARDS, *(f"rtx{card}" for card in _CARDS), "g", "gb")
_BEFORE = ("a", "an", "my", "the", "on", "with", "one", "single", "gpu", "using", "have")
_ANY_CARD = ("0000", "a00", "h00", "l00", "v00", "b00", "t0", "p00")


def _cards(match: re.Match[str]) -> Iterator[Reading]:
    """Read ``two 4090s``: a count in a word before a card's number."""
    from ...errors import UsageError
    from ...tables import gpus

    try:
        gpus.cards(match["card"])
    except UsageError:
        return
    if is_beside(match) or is_taken_back(match):
        return
    yield Reading("told.card", match["card"], MENTIONED)
    count = match["count"]
    if count:
        yield Reading("told.cards", _WORDS.get(count.lower()) or int(count), STATED)


TOLD_CARDS: tuple[Reader, ...] = (
    Reader(
        r"(?i:\b(?P<count>two|dual|three|four|eight|single|one|\d{1,2}(?= ?[x*])) ?[x*]? ?"
        rf"(?:nvidia |geforce |rtx |an? )*(?P<card>{_CARD})s?\b)"
        r"(?i:(?! ?ti\b|[-/_.]\w))",
        _cards,
        {
            "I have two 4090s": {"told.cards": 2, "told.card": "4090"},
            "on four A100 cards": {"told.cards": 4},
            "step 12 of 4090": {"told.cards": ...},
        },
        words=(
            *("two*", "dual*", "three*", "four*", "eight*", "single*", "one*", "0*", "0 *"),
            *(f"x{name}|{x}" for name in _NAMES for x in ("0x", "0 x")),
        ),
        needs=_ANY_CARD,
        holds=_FIGURES_OF_A_CARD,
    ),
    Reader(  # "3090 x 4", "T4x2"
        rf"(?<![\w.-])(?i:(?:rtx ?)?(?P<card>{_CARD})s?(?: \d{{2}} ?gb?)? ?[x*×] ?"
        r"(?P<count>[1-9]\d?)(?![\d.]|\w| ?gb?\b))",
        _cards,
        {
            "3090 x 4": {"told.cards": 4, "told.card": "3090"},
            "A100 80G * 4": {"told.cards": 4},
            "T4x2": {"told.cards": 2, "told.card": "T4"},
            "A100 x 40GB": {"told.cards": ...},
        },
        words=(
            *("*0", "* 0", "×0", "× 0"),
            *(f"{name}x|{x}" for name in _NAMES_BEFORE for x in ("x0", "x 0")),
        ),
        needs=_ANY_CARD,
        holds=_FIGURES_OF_A_CARD,
    ),
    Reader(  # "on a 3090", "my 4090", "A100s", "L40s": no count
        r"(?i:(?<!&)\b(?:an?|my|the|on|with|one|single|gpu:?|using|have)"
        rf"(?: (?:nvidia|rtx|geforce|\d\d ?gb)){{0,3}} (?P<count>)(?P<card>{_CARD})s?)\b"
        r"(?i:(?! ?ti\b|[-/_.]\w| ?(?:steps|tokens|rows|examples|samples|x\b|\*)))",
        _cards,
        {
            "runs out of memory on a 3090": {"told.card": "3090", "told.cards": ...},
            "on my 24GB 4090": {"told.card": "4090"},
            "with L40s cards": {"told.card": "L40"},
            "after the 4090 steps": {"told.card": ...},
            "works on a 3090": {"told.card": ...},
        },
        words=tuple(f"{word}| {word} " for word in _BEFORE),
        needs=_ANY_CARD,
        holds=_FIGURES_OF_A_CARD,
    ),
)
