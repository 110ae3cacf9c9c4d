"""What ``make index`` wrote of the patterns into ``index.json``; a test compares.

Of each kind of the general layer it has what is searched for, so that the kind's file is imported
only to answer. Of each expression it has the phrases that a match must contain, so that it is
compiled only where a log has them. An expression that is not in it (a plugin's, for example) is
parsed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from ..data import read_bytes
from ..values import Value

_PACKAGE = __name__.rpartition(".")[0]


class Index(Value):
    """The index.

    Attributes:
        general: of each general kind its file, its name, its text and whether it counts alone, in
            the order in which they answer.
        literals: expression to phrases, as :func:`.literals.told` writes them.
    """

    general: list[tuple[str, str, str, bool]]
    literals: Mapping[str, str]


@lru_cache(maxsize=1)  # the file does not change under a process
def index() -> Index:
    """Return what the file has."""
    found = json.loads(read_bytes("index.json", _PACKAGE))
    general: list[tuple[str, str, str, bool]] = []
    literals: dict[str, str] = found["literals"]
    for file, kinds in found["general"].items():
        for name, text, alone, phrases in kinds:
            general.append((file, name, text, alone))
            literals[text] = phrases
    return Index(general, literals)


def told_of(text: str) -> str:
    """Return the phrases of an expression; they are read off one that the index has not."""
    known = index().literals.get(text)
    if known is None:
        from .literals import told

        return told(text)
    return known
