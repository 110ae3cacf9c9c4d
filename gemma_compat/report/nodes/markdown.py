"""The report of a job as markdown, for pasting: nodes are counted and never named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..._version import __version__
from ...nodes import Group, Job
from ...nodes.comparing import Difference
from ...nodes.names import compact_numbers
from ..markdown import plain
from ..wording import strength, types_of
from .table import cell
from .words import by_rule, cut, headline, plural, same_text, size, verdict

_MOST_COLUMNS, _LONGEST = 12, 600


def render_job(job: Job) -> str:
    """Return a heading, the table of what differs, the findings with the numbers of their
    groups.
    """
    parts = [
        [f"### gemma_compat {__version__}: {plain(headline(job))}"],
        [f"{verdict(job)}."],
        list(_table(job)),
        [f"Equal everywhere: {plain(same_text(job))}."] if same_text(job) else [],
        [*_differences(job), *_findings(job)],
        [f"Not checked: {plain(cut(text, _LONGEST))}" for text in job.not_checked],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _table(job: Job) -> Iterator[str]:
    shown = job.groups[:_MOST_COLUMNS]
    if len(job.groups) < 2:
        return
    yield "| differs | " + " | ".join(_heading(n, g) for n, g in enumerate(shown, 1)) + " |"
    yield "| --- |" + " --- |" * len(shown)
    for item in job.differences:
        cells = [plain(cell(item, number, 40)) for number in range(1, len(shown) + 1)]
        yield f"| {plain(cut(item.label))} | {' | '.join(cells)} |"
    if len(job.groups) > len(shown):
        yield ""
        yield f"{plural(len(job.groups) - len(shown), 'more group')} not shown."


def _heading(number: int, group: Group) -> str:
    return f"group {number} ({plural(size(group.members), 'node')})"


def _differences(job: Job) -> Iterator[str]:
    for item in job.differences:
        yield f"- **{item.severity.value}** {plain(cut(item.label))} differs: {plain(item.why)}"
        yield from _values(item, job.groups)
    for host in job.crowded:
        yield f"- **warning** {host.ranks} ranks run on a host that shows them {host.gpus} GPUs"


def _values(item: Difference, groups: Sequence[Group]) -> Iterator[str]:
    for text, numbers in item.values[:_MOST_COLUMNS]:
        yield f"  - {plain(cut(text))}: {_groups(numbers, groups)}"


def _groups(numbers: Sequence[int], groups: Sequence[Group]) -> str:
    if len(numbers) == len(groups):
        return "everywhere"
    return f"group{'s' * (len(numbers) > 1)} {cut(compact_numbers(numbers))}"


def _findings(job: Job) -> Iterator[str]:
    for found in by_rule(job):
        first = found[0].finding
        numbers = sorted({number for item in found for number in item.groups})
        name = f"`{first.rule.name}`{strength(first.rule)}{types_of(first)}"
        where = _groups(numbers, job.groups)
        yield f"- **{first.rule.severity.value} {first.rule.code}** {name} ({where})"
        yield f"  - {plain(cut(first.problem.message, _LONGEST))}"
        yield f"  - help: {plain(cut(first.problem.help, _LONGEST))}"
