"""Judge the groups of a job: each group once, then their differences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..engine.diagnosis import judge_node, nothing_was_judged
from ..engine.recall import Recall
from ..engine.rule import Finding, Rule, Severity, Undetermined
from .comparing import Difference, compare, same_everywhere
from .grouping import Group, Grouping
from .node import Node


@dataclass(frozen=True)
class JobFinding:
    """A rule that fired on some groups with the same message.

    Attributes:
        finding: the rule and its message.
        groups: the numbers of these groups, from 1.
    """

    finding: Finding
    groups: tuple[int, ...]


@dataclass(frozen=True)
class Crowded:
    """A host that runs more ranks than its ranks see GPUs.

    Attributes:
        host: its name.
        ranks: how many ranks run there.
        gpus: how many GPUs these ranks see together.
    """

    host: str
    ranks: int
    gpus: int


@dataclass(frozen=True)
class Job:
    """Everything that a report of a job says.

    Attributes:
        groups: the largest first; their numbers count from 1.
        same: topics on which all groups agree.
        differences: worst first.
        findings: worst first.
        undetermined: rules that could not be decided, with the numbers of the groups.
        blind: numbers of the groups on which nothing could be judged.
        failed: nodes on which detection failed.
        unread: files that could not be used, and why.
        not_checked: one line for each part of the stack that no rule could judge.
        crowded: hosts with more ranks than GPUs.
    """

    groups: tuple[Group, ...]
    same: dict[str, str]
    differences: tuple[Difference, ...]
    findings: tuple[JobFinding, ...]
    undetermined: tuple[tuple[Undetermined, tuple[int, ...]], ...]
    blind: tuple[int, ...]
    failed: tuple[Node, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    not_checked: tuple[str, ...] = ()
    crowded: tuple[Crowded, ...] = ()

    def worst(self) -> Severity | None:
        """Return the worst severity of a finding or a difference."""
        found = [item.finding.rule.severity for item in self.findings]
        found += [item.severity for item in self.differences]
        found += [Severity.WARNING] * bool(self.crowded)
        return min(found, key=lambda severity: severity.rank, default=None)


def judge_job(
    grouping: Grouping,
    rules: Sequence[Rule],
    unread: Iterable[tuple[str, str]] = (),
    crowded: Iterable[Crowded] = (),
) -> Job:
    """Compare the groups with each other, and judge each with the rules."""
    groups = grouping.groups
    findings: dict[Finding, list[int]] = {}
    undecided: dict[str, tuple[Undetermined, list[int]]] = {}
    notes: dict[str, None] = {}
    blind: list[int] = []
    recall = Recall(rules)
    for number, group in enumerate(groups, start=1):
        diagnosis = judge_node(group.facts, recall)
        notes.update(dict.fromkeys(diagnosis.not_checked))
        blind += [number] * nothing_was_judged(diagnosis, rules)
        for finding in diagnosis.findings:
            findings.setdefault(finding, []).append(number)
        for item in {item.rule.code: item for item in diagnosis.undetermined}.values():
            undecided.setdefault(item.rule.code, (item, []))[1].append(number)
    ordered = sorted(findings.items(), key=lambda item: _order(item[0].rule))
    return Job(
        groups=tuple(groups),
        same=same_everywhere(groups),
        differences=compare(groups),
        findings=tuple(JobFinding(finding, tuple(numbers)) for finding, numbers in ordered),
        undetermined=tuple(
            (item, tuple(numbers))
            for item, numbers in sorted(undecided.values(), key=lambda pair: _order(pair[0].rule))
        ),
        blind=tuple(blind),
        failed=tuple(grouping.failed),
        unread=tuple(unread),
        not_checked=tuple(notes),
        crowded=tuple(crowded),
    )


def _order(rule: Rule) -> tuple[int, int]:
    return rule.severity.rank, rule.order
