"""Read nodes from a report in JSON. Nothing in the document is trusted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._version import SCHEMA_VERSION, __version__
from ..facts import Facts
from ..facts.checked import Parts, checked_facts
from .node import Member, Node

LONGEST_NAME, _MOST_NODES = 253, 100_000


def nodes_of(document: Any, name: str, parts: Parts | None = None) -> list[Node]:
    """Return the nodes that a document describes.

    Args:
        document: the parsed JSON: a report on one machine, or on a job with many nodes.
        name: the node's name, for a report on one machine.
        parts: those of earlier documents of the same job, to share.

    Raises:
        ValueError: one line about what is wrong with the document.
    """
    tool = _tool(document)
    if "groups" in document:
        nodes = list(_job_nodes(document, tool, parts))
        if len({node.member for node in nodes}) < len(nodes):
            raise ValueError("a report of a job that lists a node twice")
        return nodes
    if "facts" not in document:
        raise ValueError("a document of gemma_compat, but not of its command report")
    return [Node(Member(name), _facts(document["facts"], tool, parts), tool=tool)]


def _tool(document: dict[str, Any]) -> str:
    if "schema_version" not in document or "tool_version" not in document:
        raise ValueError("not a report of gemma_compat (no schema_version and tool_version)")
    schema, tool = document["schema_version"], document["tool_version"]
    if not isinstance(tool, str) or len(tool) > 40:
        raise ValueError("tool_version is not a version")
    if schema != SCHEMA_VERSION or isinstance(schema, bool):
        shown = str(schema)[:20]
        raise ValueError(
            f"schema_version {shown} of gemma_compat {tool}; this is gemma_compat {__version__}, "
            f"which reads {SCHEMA_VERSION}"
        )
    return tool


def _facts(data: Any, tool: str, parts: Parts | None) -> Facts:
    try:
        return checked_facts(data, parts)
    except ValueError as error:
        text = str(error)
        text = text if len(text) <= 200 else text[:197] + "..."
        if tool == __version__:
            raise ValueError(text) from error
        raise ValueError(
            f"written by gemma_compat {tool}, this is gemma_compat {__version__}: {text}"
        ) from error


def _job_nodes(document: dict[str, Any], tool: str, parts: Parts | None) -> Iterator[Node]:
    """Yield the nodes of a job's report; each has the facts of its group."""
    groups, nodes = document["groups"], document.get("nodes")
    if not isinstance(groups, list) or not isinstance(nodes, list) or len(nodes) > _MOST_NODES:
        raise ValueError("a report of a job without lists of groups and nodes")
    facts = [_facts(_get(group, "facts", dict), tool, parts) for group in groups]
    tools = [group.get("tool_version", tool) for group in groups]
    for node in nodes:
        name, ranks = _get(node, "name", str), node.get("ranks", [])
        if not 0 < len(name) <= LONGEST_NAME:
            raise ValueError("a node's name is empty or too long")
        if not isinstance(ranks, list) or not all(type(rank) is int for rank in ranks):
            raise ValueError("a node's ranks are not a list of numbers")
        member = Member(name, tuple(ranks))
        if "error" in node:
            yield Node(member, error=_get(node, "error", str)[:1000], tool=tool)
            continue
        number = _get(node, "group", int)
        if not 1 <= number <= len(facts):
            raise ValueError(f"there is no group {number}")
        yield Node(member, facts[number - 1], tool=str(tools[number - 1])[:40])


def _get(item: Any, name: str, kind: type) -> Any:
    value = item.get(name) if isinstance(item, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"a group or node without {name}")
    return value
