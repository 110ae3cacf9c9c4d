"""Group nodes with equal facts; only the facts of the first are kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..facts import Facts
from .node import Member, Node
from .topics import cells, fingerprint


@dataclass(frozen=True, eq=False)
class Group:
    """Nodes whose facts do not differ in anything that matters.

    Attributes:
        members: their names, in the order of arrival.
        facts: those of the first node.
        cells: the same facts as texts, by topic.
        tool: the release of this library that read them.
    """

    members: list[Member]
    facts: Facts
    cells: dict[str, str]
    tool: str = ""


@dataclass
class Grouping:
    """Groups that grow as nodes are added, so a thousand equal nodes take the memory of one.

    Attributes:
        failed: nodes on which detection failed.
    """

    failed: list[Node] = field(default_factory=list)
    _groups: dict[bytes, Group] = field(default_factory=dict)

    def add(self, node: Node) -> None:
        """Put the node into its group."""
        if node.facts is None:
            self.failed.append(node)
            return
        table = cells(node)
        key = fingerprint(table)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group([], node.facts, table, node.tool)
        group.members.append(node.member)

    def add_all(self, nodes: Iterable[Node]) -> Grouping:
        """Add each node; return the grouping itself."""
        for node in nodes:
            self.add(node)
        return self

    @property
    def groups(self) -> list[Group]:
        """Return the groups, largest first; equal sizes in the order in which they came."""
        return sorted(self._groups.values(), key=lambda group: -len(group.members))
