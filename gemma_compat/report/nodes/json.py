"""The report of a job as one JSON document. Names of nodes stand under ``nodes`` and ``unread``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...nodes import Job, Member
from ...nodes.comparing import Difference
from ..json import dump, finding_fields, undetermined_fields
from ..sharing import shareable_facts


def render_job(job: Job) -> str:
    """Return the document; ``report --merge`` reads it too. Everything else names groups by
    number.
    """
    return dump(
        {
            "nodes": list(_nodes(job)),
            "groups": [
                {
                    "number": number,
                    "nodes": len(group.members),
                    "tool_version": group.tool,
                    "facts": shareable_facts(group.facts),
                }
                for number, group in enumerate(job.groups, start=1)
            ],
            "differences": [_difference(item) for item in job.differences],
            "crowded": [vars(item) for item in job.crowded],
            "findings": [
                {**finding_fields(item.finding), "groups": list(item.groups)}
                for item in job.findings
            ],
            "undetermined": [
                {**undetermined_fields(item), "groups": list(numbers)}
                for item, numbers in job.undetermined
            ],
            "unread": [{"file": path, "problem": problem} for path, problem in job.unread],
            "not_checked": list(job.not_checked),
        }
    )


def _nodes(job: Job) -> Iterator[dict[str, Any]]:
    for number, group in enumerate(job.groups, start=1):
        for member in group.members:
            yield {**_member(member), "group": number}
    for node in job.failed:
        yield {**_member(node.member), "error": node.error}


def _member(member: Member) -> dict[str, Any]:
    named = {"name": member.name}
    return {**named, "ranks": list(member.ranks)} if member.ranks else named


def _difference(item: Difference) -> dict[str, Any]:
    return {
        "topic": item.topic,
        "severity": item.severity.value,
        "why": item.why,
        "values": [{"value": text, "groups": list(numbers)} for text, numbers in item.values],
    }
