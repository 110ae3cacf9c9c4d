"""Find what came before the error that ended a log: what led to it, and what other ranks raised."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..values import Value
from .places import places_of, raiser_of
from .raised import Raised
from .unknown import BEFORE, CAUSED, HANDLED, OWN

_LINKS = (
    (CAUSED, re.compile("The above exception was the direct cause of the following exception")),
    (HANDLED, re.compile("During handling of the above exception, another exception occurred")),
)
_RANK = re.compile(
    r"^(?:\[[A-Za-z]{0,10} ?(\d{1,5})\]|(?:[Rr]ank ?)?(\d{1,4}):|\([^)\n]{0,40}rank[ =]?(\d{1,5}))"
)


class Earlier(Value):
    """An exception that stands above the one that ended the log.

    Attributes:
        raised: it.
        link: ``caused`` (the later one names it as its cause), ``handled`` (the later one came
            while this one was handled) or ``before`` (it only stands above).
    """

    raised: Raised
    link: str


def led_to(last: Raised, all_raised: Sequence[Raised]) -> tuple[Earlier, ...]:
    """Return the exceptions that are chained to the last one, the nearest first."""
    found: list[Earlier] = []
    current = last
    for item in reversed([item for item in all_raised if item.line < last.line]):
        between = "\n".join(current.hit.before.splitlines()[-(current.line - item.line) :])
        link = next((name for name, text in _LINKS if text.search(between)), "")
        if not link:
            break
        found.append(Earlier(item, link))
        current = item
    return tuple(found)


def passed_on(last: Raised, all_raised: Sequence[Raised]) -> Iterator[Raised]:
    """Yield the exceptions that the last one only passes on, the nearest first.

    It names them as its cause, or the user's own code raised it where it handled them.
    """
    later = last
    for item in led_to(last, all_raised):
        if item.link == HANDLED and not _reports(later, item.raised):
            return
        yield item.raised
        later = item.raised


def _reports(later: Raised, earlier: Raised) -> bool:
    """Return whether an ``except`` of the user's own code raised the later one.

    The function that has it led to the earlier one as well. A package, or another function that the
    ``except`` calls, has mostly tried something else and failed at that.
    """
    place = raiser_of(places_of(later))
    if place is None or place.owner != OWN or not place.raises:
        return False
    led = places_of(earlier)
    return any((item.file, item.function) == (place.file, place.function) for item in led)


def first_of_all(last: Raised, all_raised: Sequence[Raised]) -> Earlier | None:
    """Return an own exception of the same end that stands above and says something else.

    Only what another process printed counts: what one process raised before, it survived.
    """
    rank = rank_of(last)
    if not rank:
        return None
    others = (
        item
        for item in all_raised
        if item.line < last.line and rank_of(item) not in {"", rank} and not item.is_of_a_launcher
    )
    first = next(others, None)
    return None if first is None or is_same(first, last) else Earlier(first, BEFORE)


def ranks_with(last: Raised, all_raised: Sequence[Raised]) -> tuple[int, ...]:
    """Return the ranks that raised the same error; empty if only one did or none is named."""
    ranks = {int(rank) for item in all_raised if is_same(item, last) and (rank := rank_of(item))}
    return tuple(sorted(ranks)) if len(ranks) > 1 else ()


def rank_of(raised: Raised) -> str:
    """Return the rank whose prefix its line has; empty without one."""
    found = _RANK.match(raised.hit.text)
    return next((group for group in found.groups() if group), "") if found else ""


def is_same(one: Raised, other: Raised) -> bool:
    """Return whether class and words are the same, whatever the numbers."""
    texts = [
        re.sub(r"\d+", "0", item.hit.text[item.hit.match.start("kind") :]) for item in (one, other)
    ]
    return texts[0] == texts[1]
