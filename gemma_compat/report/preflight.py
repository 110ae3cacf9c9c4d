"""Preflight's answers as a table: name, outcome, figure; what failed comes last, with its cure.

Pure.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .wording import wrap

if TYPE_CHECKING:
    from .._preflight.result import CheckResult, Preflight

_NAME = 31  # columns
_TOLD = {"fail", "warning"}
_COLOURS = {"pass": "#1a7f37", "warning": "#9a6700", "fail": "#cf222e", "not run": "#6e7781"}


def render_line(result: Preflight) -> str:
    """Return the verdict in one line."""
    return f"{result.model_type}: {_verdict(result)}"


def render_text(result: Preflight) -> str:
    """Return one entry a check, then how it ended and what it cost."""
    lines = [f"gemma_compat preflight on {result.model_type}"]
    for item in result.checks:
        lines += _lines(item)
    return "\n".join([*lines, _closing(result)])


def render_stopped(result: Preflight) -> str:
    """Return the last line where a run was stopped: what failed, and how to go on."""
    names = [item.name for item in result.failed]
    count = f"{len(names)} check{'' if len(names) == 1 else 's'} failed"
    return (
        f"Training was not started: {count} ({', '.join(names)}).\n"
        f"Leave a check out: --skip {names[0]}, or preflight=dict(skip=[{names[0]!r}]). "
        "Train all the same: --continue."
    )


def render_html(result: Preflight) -> str:
    """Return the table for a notebook."""
    rows = "".join(_row(item) for item in result.checks)
    return (
        f"<p><b>gemma_compat preflight on {html.escape(result.model_type)}</b></p>"
        "<table><thead><tr><th>check</th><th>outcome</th><th>found</th></tr></thead>"
        f"<tbody>{rows}</tbody></table><p>{html.escape(_closing(result))}</p>"
    )


def _row(item: CheckResult) -> str:
    outcome = item.outcome.value
    colour = _COLOURS[outcome]
    lines = [_figure(item), *(text for _, text in _details(item))]
    text = "<br>".join(html.escape(line) for line in lines)
    return (
        f"<tr><td>{html.escape(item.name)}</td>"
        f'<td style="color:{colour}">{outcome}</td><td style="text-align:left">{text}</td></tr>'
    )


def _lines(item: CheckResult) -> Iterator[str]:
    head = f"{item.outcome.value:<8} {item.name:<{_NAME}} "
    rest = " " * 9
    yield from wrap(_figure(item), first=head, rest=rest)
    for label, text in _details(item):
        yield from wrap(text, first=f"{rest}{label:<5} ", rest=rest + " " * 6)


def _figure(item: CheckResult) -> str:
    return item.figure + (f" ({item.tolerance})" if item.tolerance else "")


def _details(item: CheckResult) -> Iterator[tuple[str, str]]:
    """Where it was found, what to do, and the pages of the rules that explain it."""
    if item.outcome.value not in _TOLD:
        return
    if item.where:
        yield "at:", item.where
    if item.help:
        yield "try:", item.help
    if item.rules:
        yield "see:", ", ".join(f"python -m gemma_compat rule {code}" for code in item.rules)


def _closing(result: Preflight) -> str:
    return f"{_verdict(result)}; cost: {result.passes:.1f} forward-backward passes of the batch"


def _verdict(result: Preflight) -> str:
    failed, warned = len(result.failed), len(result.warned)
    verdict = f"{failed} failed" if failed else "nothing failed"
    return verdict + (f", {warned} warning{'' if warned == 1 else 's'}" if warned else "")
