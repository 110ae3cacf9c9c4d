"""Turn the reports of ranks into nodes: ranks of one host with equal facts are one node."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .judging import Crowded
from .node import Member, Node
from .topics import cells, fingerprint


@dataclass(frozen=True)
class RankReport:
    """What one rank found.

    Attributes:
        rank: its global number.
        host: its host's name.
        place: the number of the launcher's agent that started it (``GROUP_RANK``), which tells
            apart two hosts of the same name. Empty if it is not known.
        node: the facts or the error; its ``member`` is ignored.
    """

    rank: int
    host: str
    place: str
    node: Node


def nodes_of_ranks(reports: Iterable[RankReport]) -> list[Node]:
    """Return the nodes by their lowest rank; a host whose ranks differ becomes several."""
    hosts = _by_host(reports)
    nodes: list[Node] = []
    for name, ranks in hosts.items():
        alike: dict[object, list[RankReport]] = {}
        for report in ranks:
            alike.setdefault(_key(report.node), []).append(report)
        for same in alike.values():
            numbers = tuple(report.rank for report in same)
            first = same[0].node
            nodes.append(Node(Member(name, numbers), first.facts, first.error, first.tool))
    return sorted(nodes, key=lambda node: node.member.ranks)


def crowded_hosts(reports: Iterable[RankReport]) -> list[Crowded]:
    """Return hosts with more ranks than GPUs that they see; hosts with MIG are left out."""
    found: list[Crowded] = []
    for name, ranks in _by_host(reports).items():
        seen: set[object] = set()
        for report in ranks:
            facts = report.node.facts
            if facts is None or not facts.known("gpus") or any(g.get("mig") for g in facts.gpus):
                break
            seen.update(gpu.get("uuid") or gpu.get("index") for gpu in facts.gpus)
        else:
            if seen and len(seen) < len(ranks):
                found.append(Crowded(name, len(ranks), len(seen)))
    return found


def _by_host(reports: Iterable[RankReport]) -> dict[str, list[RankReport]]:
    ordered = sorted(reports, key=lambda report: report.rank)
    places: dict[str, set[str]] = {}
    for report in ordered:
        places.setdefault(report.host, set()).add(report.place)
    hosts: dict[str, list[RankReport]] = {}
    for report in ordered:
        several = len(places[report.host]) > 1
        name = f"{report.host} (agent {report.place})" if several else report.host
        hosts.setdefault(name, []).append(report)
    return hosts


def _key(node: Node) -> object:
    if node.facts is None:
        return node.error
    return fingerprint(cells(node))
