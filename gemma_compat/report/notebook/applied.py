"""What ``patch(model)`` did, in a notebook: the outcome, what is left to do, the rest folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..applied import render_line, render_text
from .diagnosis import finding_card, question_folds, stack_fold
from .page import ERROR, GOOD, NOTICE, UNKNOWN, WARNING, Fold, Page

if TYPE_CHECKING:
    from ...patching.apply import AppliedPatches


def page(applied: AppliedPatches) -> Page:
    """Return what a notebook shows of it."""
    if applied.note:
        return Page(NOTICE, render_line(applied))
    diagnosis, plan = applied.diagnosis, applied.plan
    left = {item.rule.code for item in plan.manual} | {item.rule.code for item in plan.skips}
    cards = tuple(finding_card(item, plan) for item in diagnosis.findings if item.rule.code in left)
    tone = max((card.tone for card in cards), key=_ORDER.index, default=GOOD)
    if tone == GOOD and plan.patches and not applied.ledgers:  # a dry run, or reverted
        tone = UNKNOWN
    rest = render_text(applied).splitlines()[1:]
    return Page(
        tone,
        render_line(applied),
        texts=("Left for you:",) if cards else (),
        cards=cards,
        folds=(
            Fold("What was found, changed and skipped", text="\n".join(rest)),
            *question_folds(diagnosis),
            stack_fold(diagnosis),
        ),
    )


_ORDER = (GOOD, UNKNOWN, NOTICE, WARNING, ERROR)
