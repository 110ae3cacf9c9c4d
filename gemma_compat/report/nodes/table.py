"""The table of what differs: a column for each group while that fits, else a line for each."""

from __future__ import annotations

from collections.abc import Iterator

from ...nodes import Job
from ...nodes.comparing import NOT_ASKED, Difference
from ..wording import WIDTH, wrap
from .words import cut, members_text, plural

MARK = " *"
_MOST_COLUMNS, _MOST_EXCEPTIONS, _LABEL, _CELL = 6, 20, 26, 22


def table_lines(job: Job) -> Iterator[str]:
    """Render groups with their nodes, then differing topics; mark cells unlike the majority's."""
    if len(job.groups) < 2:
        return
    columns = _columns(job)
    if columns is not None:
        yield from _group_lines(job)
        yield ""
        yield from columns
    else:
        yield from _exceptions(job)


def cell(item: Difference, number: int, longest: int = _CELL) -> str:
    """Return the value of that group, marked where most nodes have another."""
    text = item.cells[number - 1]
    return cut(text, longest) + (MARK if item.is_marked(text) else "")


def _group_lines(job: Job) -> Iterator[str]:
    for number, group in enumerate(job.groups, start=1):
        yield from wrap(members_text(group.members), first=f"Group {number:<3} ", rest=" " * 10)


def _columns(job: Job) -> list[str] | None:
    """Return the lines of the table, or ``None`` where they would be too long."""
    if len(job.groups) > _MOST_COLUMNS:
        return None
    rows = [["differs", *(f"group {number}" for number in range(1, len(job.groups) + 1))]]
    for item in job.differences:
        cells = [cell(item, number) for number in range(1, len(job.groups) + 1)]
        rows.append([cut(item.label, _LABEL), *cells])
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    if sum(widths) + 2 * (len(widths) - 1) > WIDTH:
        return None
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _exceptions(job: Job) -> Iterator[str]:
    """Yield the first group in full, and of each other one only what most nodes have otherwise."""
    usual = ", ".join(
        f"{cut(item.label, _LABEL)} {cut(item.values[0][0], _CELL)}" for item in job.differences
    )
    yield from wrap(usual, first="Most nodes: ", rest="  ")
    shown = job.groups[:_MOST_EXCEPTIONS]
    for number, group in enumerate(shown, start=1):
        yield from wrap(members_text(group.members), first=f"Group {number:<3} ", rest=" " * 10)
        marked = [
            f"{cut(item.label, _LABEL)} {cell(item, number)}"
            for item in job.differences
            if item.is_marked(item.cells[number - 1]) and item.cells[number - 1] != NOT_ASKED
        ]
        if marked:
            yield from wrap(", ".join(marked), first=" " * 10, rest=" " * 12, lines=4)
    left = job.groups[_MOST_EXCEPTIONS:]
    if left:
        nodes = sum(len(group.members) for group in left)
        yield (
            f"and {plural(len(left), 'more group')} of {plural(nodes, 'node')}: "
            "--format json has them all"
        )
