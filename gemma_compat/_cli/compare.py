"""``report --compare FILE``: what differs from a report that was saved on a reference machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import UsageError

if TYPE_CHECKING:
    from ..engine.gate import Remark
    from ..engine.rule import Diagnosis
    from ..nodes import Node

NAME = "drift"


def drift(path: str, diagnosis: Diagnosis) -> Iterator[Remark]:
    """Yield an error for each difference that matters, and a notice for the others.

    Both sides are compared as they are shared, so that what a saved report leaves out is no
    difference.

    Args:
        path: what ``report --format json`` wrote.
        diagnosis: of this machine.

    Raises:
        UsageError: a file that cannot be read, or that is about several machines.
    """
    from ..engine.gate import Remark
    from ..engine.rule import Severity
    from ..nodes import Grouping
    from ..nodes.comparing import compare

    document, reference = _saved(path)
    grouping = Grouping().add_all([reference, _here(diagnosis)])
    for item in compare(grouping.groups):
        before, now = item.cells
        matters = item.severity is not Severity.NOTICE  # one side unknown is a notice as well
        severity = Severity.ERROR if matters else Severity.NOTICE
        yield Remark(NAME, severity, f"{item.label}: {before} there, {now} here")
    yield from _findings(document, diagnosis, path)


def _saved(path: str) -> tuple[dict[str, Any], Node]:
    from ..detect.node_files import BadFile, read_documents
    from ..nodes.documents import nodes_of

    for _, name, document in read_documents([path]):
        if isinstance(document, BadFile):
            raise UsageError(f"--compare {path}: {document}")
        try:
            nodes = nodes_of(document, name)
        except ValueError as error:
            raise UsageError(f"--compare {path}: {error}") from error
        if "groups" in document or len(nodes) != 1:
            raise UsageError(f"--compare {path}: a report of a job; give that of one machine")
        return document, nodes[0]
    raise UsageError(f"--compare {path}: holds no report")


def _here(diagnosis: Diagnosis) -> Node:
    from .._version import __version__
    from ..facts.checked import checked_facts
    from ..nodes import Member, Node
    from ..report.sharing import shareable_facts

    facts = checked_facts(shareable_facts(diagnosis.facts))
    return Node(Member("here"), facts, tool=__version__)


def _findings(document: dict[str, Any], diagnosis: Diagnosis, path: str) -> Iterator[Remark]:
    """Yield a notice of the rules that fire on one side only."""
    from ..engine.gate import Remark
    from ..engine.rule import Severity

    listed = document.get("findings")
    if not isinstance(listed, list):
        return
    before = {str(item.get("code"))[:20] for item in listed if isinstance(item, dict)}
    now = {item.rule.code for item in diagnosis.findings}
    texts = [
        f"{text}: {', '.join(sorted(codes))}"
        for text, codes in (("only here", now - before), ("only there", before - now))
        if codes
    ]
    if texts:
        yield Remark("findings-changed", Severity.NOTICE, f"against {path}, {'; '.join(texts)}")
