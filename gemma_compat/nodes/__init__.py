"""Compare and judge the nodes (or ranks) of one job. Pure.

    node documents, or ranks' reports ──> Node ──> Group ──> Job ──> report/nodes

Nodes with equal facts form one group, which is judged once: a report on a thousand equal nodes
costs as much as a report on one.
"""

from __future__ import annotations

from .grouping import Group, Grouping
from .judging import Job, JobFinding, judge_job
from .node import Member, Node

__all__ = ["Group", "Grouping", "Job", "JobFinding", "Member", "Node", "judge_job"]
