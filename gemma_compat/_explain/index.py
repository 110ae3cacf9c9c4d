"""What ``make index`` wrote of the patterns into ``index.json``; a test compares.

Of each kind of the general layer it has what is searched for, so that the kind's file is imported
only to answer. Of each expression it has the literals that a match must contain, so that it is
parsed only where a log has them. An expression that is not in it (a plugin's, for example) is
parsed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from ..data import read_bytes
from .literals import Clause

_PACKAGE = __name__.rpartition(".")[0]


class Index(NamedTuple):
    """The index.

    Attributes:
        general: of each general kind its ``file``, ``name``, ``text`` and whether it counts
            ``alone``, in the order in which they answer.
        literals: expression to literals, as :func:`told` writes them.
    """

    general: list[dict[str, Any]]
    literals: Mapping[str, str]


@lru_cache(maxsize=1)  # the file does not change under a process
def index() -> Index:
    """Return what the file has."""
    return Index(**json.loads(read_bytes("index.json", _PACKAGE)))


def told(clauses: Iterable[Clause]) -> str:
    """Return clauses as the index has them: a line each, with a tab between literals."""
    return b"\n".join(b"\t".join(sorted(clause)) for clause in clauses).decode()


def clauses_of(text: str) -> tuple[Clause, ...] | None:
    """Return the literals that the index has for an expression; ``None`` if it has not this one."""
    known = index().literals.get(text)
    if known is None:
        return None
    return tuple(frozenset(clause.split(b"\t")) for clause in known.encode().splitlines())
