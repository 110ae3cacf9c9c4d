"""Preflight in a notebook: what failed as cards, what passed folded into a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..explanation_causes import split_cure
from ..preflight import details, figure, names, render_line, unknown_by_reason
from .page import ERROR, GOOD, UNKNOWN, WARNING, Card, Fold, Page, to_paste

if TYPE_CHECKING:
    from ..._preflight.result import CheckResult, Preflight

_TONES = {"pass": GOOD, "warning": WARNING, "fail": ERROR, "not run": UNKNOWN}


def page(result: Preflight) -> Page:
    """Return what a notebook shows of it."""
    told = [*result.failed, *result.warned]
    tone = ERROR if result.failed else WARNING if result.warned else GOOD
    cost = f"Cost: {result.passes:.1f} forward-backward passes of the batch."
    groups = [[i for i in result.checks if i.outcome.value == name] for name in ("pass", "not run")]
    return Page(
        tone,
        f"gemma_compat preflight on {render_line(result)}",
        texts=(cost,),
        cards=(*map(_card, told), *_unknown(result)),
        folds=tuple(_fold(items) for items in groups if items),
    )


def _unknown(result: Preflight) -> Iterator[Card]:
    """Yield a card with what is not known, and why."""
    if not result.unknown:
        return
    rows = tuple((why, names(items)) for why, items in unknown_by_reason(result).items())
    yield Card(UNKNOWN, "not run", f"{len(result.unknown)} unknown", rows=rows)


def _card(item: CheckResult) -> Card:
    return Card(
        _TONES[item.outcome.value],
        item.outcome.value,
        item.name,
        texts=(figure(item),),
        rows=tuple(details(item)),
        paste=to_paste(split_cure(item.help)[0]),
    )


def _fold(items: list[CheckResult]) -> Fold:
    title = f"{len(items)} {items[0].outcome.value}"
    return Fold(title, tuple((item.name, figure(item)) for item in items))
