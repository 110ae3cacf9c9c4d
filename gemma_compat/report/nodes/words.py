"""Texts about groups and nodes that the renderers of a job share. Values may come from anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...engine.rule import Severity
from ...nodes import Group, Job, JobFinding, Member
from ...nodes.comparing import Difference
from ...nodes.names import compact_names, compact_numbers

LONGEST_VALUE, LONGEST_NAMES = 40, 60
_MOST_VALUES = 4


def printable(text: str) -> str:
    """Return the text with control characters escaped, so that no terminal acts on a node's
    file.
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def cut(text: str, longest: int = LONGEST_VALUE) -> str:
    """Return the text on one line, with an ellipsis where it is longer than that."""
    text = printable(text[: longest + 1])
    return text if len(text) <= longest else text[: longest - 3] + "..."


def plural(count: int, noun: str) -> str:
    """Return the count with its noun: ``1 node``, ``2 nodes``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def size(members: Sequence[Member]) -> int:
    """Return how many nodes these are: several parts of one host are one."""
    return len({member.name for member in members})


def names_of(members: Sequence[Member], longest: int = LONGEST_NAMES) -> str:
    """Return ``node001-node998``, cut after a whole name; ranks where a host is split or alone."""
    texts: list[str] = []
    length = 0
    named = compact_names(member.name for member in members)
    for count, name in enumerate(named):
        text = cut(name, LONGEST_VALUE * 2)
        length += len(text) + 2
        if texts and length > longest:
            return f"{', '.join(texts)} and {len(named) - count:,} more names"
        texts.append(text)
    return ", ".join(texts)


def members_text(members: Sequence[Member], longest: int = LONGEST_NAMES) -> str:
    """Return ``node001-node998 (998 nodes, ranks 0-7983)``."""
    notes = [plural(size(members), "node")] if size(members) > 1 else []
    ranks = [rank for member in members for rank in member.ranks]
    if ranks:
        notes.append(f"rank{'s' * (len(ranks) > 1)} {cut(compact_numbers(ranks))}")
    inside = f" ({', '.join(notes)})" if notes else ""
    return names_of(members, longest) + inside


def headline(job: Job) -> str:
    """Return ``a job of 1,000 nodes in 3 groups``."""
    members = [member for group in job.groups for member in group.members]
    members += [node.member for node in job.failed]
    parts = [f"a job of {plural(size(members), 'node')}"]
    ranks = sum(len(member.ranks) for member in members)
    if ranks:
        parts.append(f" and {plural(ranks, 'rank')}")
    if len(job.groups) > 1:
        parts.append(f", in {len(job.groups):,} groups that differ")
    elif size(members) > 1 and not job.failed:
        parts.append(", all equal" if not job.unread else ", equal as far as they could be read")
    return "".join(parts)


def verdict(job: Job) -> str:
    """Return ``2 errors, 1 warning; 24 not decided``."""
    counts = dict.fromkeys(Severity, 0)
    for severity in _severities(job):
        counts[severity] += 1
    found = ", ".join(plural(n, severity.value) for severity, n in counts.items() if n)
    undecided = f"; {len(job.undetermined)} not decided" if job.undetermined else ""
    failed = f"; {plural(len(job.failed), 'node')} without facts" if job.failed else ""
    unread = f"; {plural(len(job.unread), 'file')} not read" if job.unread else ""
    return (found or "No known failure found") + undecided + failed + unread


def _severities(job: Job) -> Iterable[Severity]:
    yield from (item.severity for item in job.differences)
    yield from (rule[0].finding.rule.severity for rule in by_rule(job))
    yield from (Severity.WARNING for _ in job.crowded)


def by_rule(job: Job) -> list[list[JobFinding]]:
    """Return the findings of each rule together: its words may differ from group to group."""
    found: dict[str, list[JobFinding]] = {}
    for item in job.findings:
        found.setdefault(item.finding.rule.code, []).append(item)
    return list(found.values())


def where(numbers: Iterable[int], groups: Sequence[Group]) -> str:
    """Return ``everywhere``, ``group 2 (node999)`` or ``groups 2, 5-7 (14 nodes)``."""
    numbers = sorted(set(numbers))
    if len(numbers) == len(groups):
        return "everywhere"
    members = [member for number in numbers for member in groups[number - 1].members]
    text = f"group{'s' * (len(numbers) > 1)} {cut(compact_numbers(numbers))}"
    if len(numbers) == 1:
        return f"{text}: {members_text(members, LONGEST_VALUE)}"
    return f"{text} ({plural(size(members), 'node')})"


def difference_text(item: Difference, groups: Sequence[Group]) -> str:
    """Return every value with where it is, as far as a line or two can hold it."""
    parts = [
        f"{cut(text)} in {where(numbers, groups)}" for text, numbers in item.values[:_MOST_VALUES]
    ]
    left = len(item.values) - _MOST_VALUES
    if left > 0:
        parts.append(f"and {plural(left, 'other value')}")
    return "; ".join(parts)


_AREAS = {
    "packages": "packages",
    "environment": "environment variables",
    "torch": "torch's build",
    "gpus": "GPUs",
    "model": "the model",
    "training": "the run",
}
_SAID = {"python": "Python", "driver": "driver"}


def same_text(job: Job) -> str:
    """Return what is equal everywhere, in one line: a few values, and counts for the rest."""
    parts = [
        f"{label} {cut(job.same[topic])}"
        for topic, label in _SAID.items()
        if job.same.get(topic, "none") != "none"
    ]
    for area, label in _AREAS.items():
        texts = {name: text for name, text in job.same.items() if name.startswith(f"{area}.")}
        count = sum(text != "not installed" for text in texts.values())
        if area in {"packages", "environment"}:
            parts += [f"{count} {label}"] if count else []
        elif area == "gpus":
            parts += [f"GPUs ({cut(job.same['gpus'])})"] if "gpus" in job.same else []
        elif texts and not any(item.topic.startswith(f"{area}.") for item in job.differences):
            parts.append(label)
    return ", ".join(parts)
