"""Preflight in a notebook: what failed as cards, what passed folded into a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..explanation_causes import split_cure
from ..preflight import details, figure, render_line
from .page import ERROR, GOOD, UNKNOWN, WARNING, Card, Fold, Page, to_paste

if TYPE_CHECKING:
    from ..._preflight.result import CheckResult, Preflight

_TONES = {"pass": GOOD, "warning": WARNING, "fail": ERROR, "not run": UNKNOWN}


def page(result: Preflight) -> Page:
    """Return what a notebook shows of it."""
    told = [*result.failed, *result.warned]
    rest = [item for item in result.checks if item not in told]
    tone = ERROR if result.failed else WARNING if result.warned else GOOD
    cost = f"Cost: {result.passes:.1f} forward-backward passes of the batch."
    groups = [[i for i in rest if i.outcome.value == name] for name in ("not run", "pass")]
    return Page(
        tone,
        f"gemma_compat preflight on {render_line(result)}",
        texts=(cost,),
        cards=tuple(map(_card, told)),
        folds=tuple(_fold(items) for items in groups if items),
    )


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
