"""Records of a job's nodes."""

from __future__ import annotations

from dataclasses import dataclass

from ..facts import Facts


@dataclass(frozen=True)
class Member:
    """A node's name, and which ranks run on it.

    Attributes:
        name: the host's name, or that of the file that described it.
        ranks: global ranks, ascending; empty if they are not known.
    """

    name: str
    ranks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Node:
    """One node, or those ranks of a host whose facts are equal.

    Attributes:
        member: its name and ranks.
        facts: what was found there; ``None`` if detection failed.
        error: one line that says why there are no facts.
        tool: the release of this library that read them.
    """

    member: Member
    facts: Facts | None = None
    error: str = ""
    tool: str = ""
