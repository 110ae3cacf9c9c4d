"""The report of a job for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from ..._version import __version__
from ...nodes import Job, JobFinding
from ..header import header_rows
from ..wording import strength, types_of, wrap
from .table import table_lines
from .words import (
    by_rule,
    cut,
    difference_text,
    headline,
    members_text,
    printable,
    same_text,
    verdict,
    where,
)

_MOST_IN_FULL, _MOST_LINES, _LONGEST = 8, 25, 600


def render_job(job: Job) -> str:
    """Return what the nodes share, what differs, and what is known to break on which of them."""
    lines = [f"gemma_compat {__version__}: {headline(job)}", *_nodes(job), "", f"{verdict(job)}."]
    lines += [*_differences(job), *_findings(job), *_undetermined(job), *_trouble(job)]
    lines += ["", "One rule in full: python -m gemma_compat rule CODE"] if job.findings else []
    return "\n".join(printable(line) for line in lines) + "\n"


def _nodes(job: Job) -> Iterator[str]:
    """Yield one group: its header as in the report of one node. Several: the table."""
    if len(job.groups) == 1:
        (group,) = job.groups
        yield from wrap(members_text(group.members), first="Nodes     ", rest=" " * 10)
        for label, text in header_rows(group.facts):
            yield from wrap(_short(text), first=f"{label:<9} ", rest=" " * 10)
    elif job.groups:
        yield from table_lines(job)
        same = same_text(job)
        yield from wrap(f"Equal everywhere: {same}.", first="", rest="  ") if same else ()


def _differences(job: Job) -> Iterator[str]:
    for item in job.differences:
        text = f"{cut(item.label)} differs: {difference_text(item, job.groups)}"
        yield from ["", *wrap(text, first=f"{item.severity.value} ", rest="  ")]
        yield from wrap(item.why, first="  ", rest="  ")
    for host in job.crowded:
        text = (
            f"{host.ranks} ranks run on {cut(host.host)}, which shows them {host.gpus} GPUs: "
            "NCCL refuses two ranks on one GPU"
        )
        yield from ["", *wrap(text, first="warning ", rest="  ")]


def _findings(job: Job) -> Iterator[str]:
    rules = by_rule(job)
    if len(rules) <= _MOST_IN_FULL:
        for found in rules:
            yield ""
            yield from _finding(found, job)
        return
    yield ""
    for found in rules[:_MOST_LINES]:
        rule = found[0].finding.rule
        text = f"{rule.title} [{_where(found, job)}]{strength(rule)}"
        yield from wrap(text, first=f"{rule.severity.value} {rule.code} ", rest="  ", lines=2)
    if len(rules) > _MOST_LINES:
        yield f"and {len(rules) - _MOST_LINES} more rules: --format json has them all"


def _finding(found: list[JobFinding], job: Job) -> Iterator[str]:
    """Render the finding with the text of its first group."""
    first = found[0].finding
    head = f"{first.rule.severity.value} {first.rule.code} {first.rule.name}"
    yield from wrap(f"{head} [{_where(found, job)}]{strength(first.rule)}", first="", rest="  ")
    yield from wrap(_short(first.problem.message + types_of(first)), first="  ", rest="  ")
    yield from wrap(_short(first.problem.help), first="  help: ", rest="        ")


def _where(found: list[JobFinding], job: Job) -> str:
    return where((number for item in found for number in item.groups), job.groups)


def _undetermined(job: Job) -> Iterator[str]:
    if not job.undetermined:
        return
    yield from ["", "Not decided, worst first (report on one node says what decides each)"]
    for item, numbers in job.undetermined[:_MOST_IN_FULL]:
        rule = item.rule
        text = f"{rule.title} [{where(numbers, job.groups)}]"
        yield from wrap(text, first=f"  {rule.severity.value} {rule.code} ", rest="    ", lines=2)
    if len(job.undetermined) > _MOST_IN_FULL:
        yield f"  and {len(job.undetermined) - _MOST_IN_FULL} more: --format json has them all"


def _trouble(job: Job) -> Iterator[str]:
    """Yield nodes without facts, unread files, and what no rule was asked about."""
    failed: dict[str, list[int]] = {}
    for place, node in enumerate(job.failed):
        failed.setdefault(node.error, []).append(place)
    for error, places in list(failed.items())[:_MOST_IN_FULL]:
        members = [job.failed[place].member for place in places]
        text = f"{members_text(members)}: {cut(error, 300)}"
        yield from ["", *wrap(text, first="No facts: ", rest="  ")]
    if len(failed) > _MOST_IN_FULL:
        yield f"and {len(failed) - _MOST_IN_FULL} more nodes without facts"
    if job.unread:
        named = ", ".join(cut(path) for path, _ in job.unread[:_MOST_IN_FULL])
        more = len(job.unread) - _MOST_IN_FULL
        text = named + (f" and {more} more" if more > 0 else "")
        yield from ["", *wrap(text, first="Not read: ", rest="  ")]
    for text in job.not_checked[:_MOST_IN_FULL]:
        yield from ["", *wrap(_short(text), first="Not checked: ", rest="  ")]


def _short(text: str) -> str:
    return cut(text, _LONGEST)
