"""An explanation in a notebook: what happened, the line to paste, the causes, the rest folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._explain.explanation import Cause, Generally
from ...language import said
from ..explanation import render_text
from ..explanation_causes import cure, fit, happened, quoted, section, split_cure
from ..explanation_headline import headline
from ..header import rows_read
from ..wording import strength
from .page import ERROR, GOOD, NOTICE, UNKNOWN, WARNING, Card, Fold, Page, to_paste

if TYPE_CHECKING:
    from ..._explain.explanation import Explanation

_SHOWN = 3  # possible causes as cards; the whole text is folded below


def page(found: Explanation) -> Page:
    """Return what a notebook shows of it."""
    leading = found.leading
    others = [cause for cause in found.causes if cause is not leading][:_SHOWN]
    cards = [_leading(leading)] if leading else []
    return Page(
        _tone(found),
        f"{headline(found, is_private=True)}.",
        texts=tuple(" ".join(quoted(line, "")) for line in [found.error] if line),
        cards=(*cards, *map(_cause, others)),
        folds=(
            Fold("What was read", tuple(rows_read(found))),
            Fold("All of it, as text", text=render_text(found, verbose=True)),
        ),
    )


def _tone(found: Explanation) -> str:
    leading = found.leading
    if leading is None:
        return UNKNOWN if found.unrecognised else GOOD if found.lines else NOTICE
    certain = (
        leading.answer.certain
        if isinstance(leading, Generally)
        else leading.is_certain or leading.is_known_by_text
    )
    return ERROR if certain else WARNING


def _leading(leading: Cause | Generally) -> Card:
    if isinstance(leading, Cause):
        return _cause(leading)
    answer = leading.answer
    first, *rest = answer.do
    sure = "certain" if answer.certain else "likely, not certain"
    rows = [("why", answer.why), ("sure", f"{sure}; {answer.known}")]
    rows += [("or", text.removeprefix("or ")) for text in rest]
    paste = to_paste(first)
    return Card(
        ERROR if answer.certain else WARNING,
        sure.partition(",")[0],
        leading.name,
        texts=() if paste == first else (first,),
        paste=paste,
        rows=tuple(row for row in rows if row[1]),
    )


def _cause(cause: Cause) -> Card:
    rule = cause.rule
    first, rest = split_cure(said(cure(cause)))
    paste = to_paste(first)
    certain = cause.is_certain or cause.is_known_by_text
    rows = (
        ("why", section(rule, "Why")),
        ("sure", fit(cause)),
        ("do", "" if paste == first else first),
        ("or", rest),
    )
    return Card(
        ERROR if certain else WARNING,
        rule.severity.value if certain else "possible",
        f"{rule.code} {rule.name}",
        aside=strength(rule).strip(),
        texts=(happened(cause),),
        paste=paste,
        rows=tuple(row for row in rows if row[1]),
    )
