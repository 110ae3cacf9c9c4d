"""One job: the facts of its nodes, grouped, compared and judged. Pure.

    documents of nodes, or what ranks said ──> Node ──> Group ──> Job ──> report/job

Equal nodes are one group, and a group is judged once, so a thousand equal nodes cost one report.
"""

from __future__ import annotations

from .grouping import Group, Grouping
from .judging import Job, JobFinding, judge_job
from .node import Member, Node

__all__ = ["Group", "Grouping", "Job", "JobFinding", "Member", "Node", "judge_job"]
