"""Group nodes with equal facts; only the facts of the first are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ..facts import Facts
from .node import Member, Node
from .topics import cells, fingerprint


class Cells(Mapping[str, str]):
    """A table of texts by topic, as its difference from another one.

    Args:
        table: the whole table.
        usual: that of the job's first group, which others share most of their cells with.
    """

    def __init__(self, table: dict[str, str], usual: dict[str, str]) -> None:
        self._usual = usual
        self.own = {topic: text for topic, text in table.items() if usual.get(topic) != text}
        self.lacks = tuple(topic for topic in usual if topic not in table)

    def __getitem__(self, topic: str) -> str:
        if topic in self.own:
            return self.own[topic]
        if topic in self.lacks:
            raise KeyError(topic)
        return self._usual[topic]

    @property
    def differing(self) -> Iterable[str]:
        """Return the topics on which it differs from the first group."""
        return (*self.own, *self.lacks)

    def __iter__(self) -> Iterator[str]:
        yield from (topic for topic in self._usual if topic not in self.lacks)
        yield from (topic for topic in self.own if topic not in self._usual)

    def __len__(self) -> int:
        return sum(1 for _ in self)


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
    cells: Cells
    tool: str = ""


@dataclass
class Grouping:
    """Groups that grow as nodes are added, so a thousand equal nodes take the memory of one.

    Attributes:
        failed: nodes on which detection failed.
    """

    failed: list[Node] = field(default_factory=list)
    _groups: dict[bytes, Group] = field(default_factory=dict)
    _usual: dict[str, str] = field(default_factory=dict)

    def add(self, node: Node) -> None:
        """Put the node into its group."""
        if node.facts is None:
            self.failed.append(node)
            return
        table = cells(node)
        key = fingerprint(table)
        group = self._groups.get(key)
        if group is None:
            self._usual = self._usual or table
            cells_of_group = Cells(table, self._usual)
            group = self._groups[key] = Group([], node.facts, cells_of_group, node.tool)
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
