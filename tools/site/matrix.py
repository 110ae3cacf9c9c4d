"""What breaks on which release of transformers: a table for each model type, newest first."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from gemma_compat.engine.matrix import DERIVED, RAN, REPORTED, SOURCE, Entry, Matrix, make_matrix
from gemma_compat.engine.rule import Rule, Severity

_WORDS = {RAN: "run here", DERIVED: "from the bounds", SOURCE: "read", REPORTED: "reported"}
_SAYS = {
    RAN: "this case was run here and seen broken",
    DERIVED: "follows from the rule's bounds; this very case was not run",
    SOURCE: "read in the released source, not run",
    REPORTED: "reported by others, not run",
}
_TOP = """\
---
hide: [navigation]
---

# What breaks on which release of transformers

A table for each model type, the newest releases first; neighbouring releases with equal answers are
one row. A release without a code is one on which no rule knows a failure, which does not prove
that it is healthy. What is known of *your* stack: `gemma-compat report`.

<p class="gc-legend">LEGEND</p>

<p class="gc-controls">
<input class="gc-filter" type="search" placeholder="Filter: gemma3, GC201, 4.53.1"
aria-label="Filter by model type, code or release" data-gc-matrix>
<label><input type="checkbox" data-gc-only="error"> errors only</label>
<label><input type="checkbox" data-gc-only="ran"> run here only</label>
</p>

"""


def page(rules: Sequence[Rule]) -> str:
    """Return the page as Markdown with tables in HTML."""
    found = make_matrix(rules)
    titles = {rule.code: rule.title for rule in rules}
    parts = [_TOP.replace("LEGEND", " ".join(_legend()))]
    for model_type, cells in found.rows:
        parts.append(f"## {model_type}\n\n")
        rows = "".join(_row(item, titles) for item in reversed(_ranges(found, cells)))
        head = "<thead><tr><th>transformers</th><th>what breaks</th></tr></thead>"
        parts.append(
            f'<table class="gc-matrix" data-model="{model_type}">{head}<tbody>{rows}</tbody>'
            "</table>\n\n"
        )
    return "".join(parts)


def _legend() -> Iterator[str]:
    for severity in Severity:
        yield f'<span class="gc-code gc-{severity.value} gc-ran">{severity.value}</span>'
    for strength, words in _WORDS.items():
        yield f'<span class="gc-code gc-error gc-{strength}">{words}</span>'


_Cell = tuple[Entry, ...] | None
_Range = tuple[str, str, _Cell]


def _ranges(found: Matrix, cells: Sequence[_Cell]) -> list[_Range]:
    """Return first release, last release and answers; neighbours with equal answers joined."""
    joined: list[_Range] = []
    for column, cell in zip(found.columns, cells, strict=True):
        if joined and joined[-1][2] == cell:
            joined[-1] = (joined[-1][0], column.last, cell)
        else:
            joined.append((column.first, column.last, cell))
    return joined


def _row(item: _Range, titles: dict[str, str]) -> str:
    first, last, cell = item
    label = first if first == last else f"{first} to {last}"
    if cell is None:
        codes = '<span class="gc-none">not in this release</span>'
    else:
        codes = " ".join(_code(entry, titles) for entry in cell) or "-"
    return (
        f'<tr data-first="{first}" data-last="{last}"><th scope="row">{label}</th>'
        f"<td>{codes}</td></tr>"
    )


def _code(entry: Entry, titles: dict[str, str]) -> str:
    title = html.escape(f"{entry.severity.value}: {titles[entry.code]} ({_SAYS[entry.strength]})")
    kinds = f"gc-code gc-{entry.severity.value} gc-{entry.strength}"
    return f'<a class="{kinds}" title="{title}" href="../rules/{entry.code}/">{entry.code}</a>'
