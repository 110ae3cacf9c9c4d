"""What a log says of the stack, the model and the run that it comes from.

Each reader is an expression and what a match of it means. Values come from closed sets, from
version numbers or from plain numbers: nothing else of a log becomes a fact, and so none is printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .patterns import Pattern, pattern

# How sure a reading is; among equally sure ones the last in the log wins.
MENTIONED, STATED, LISTED = 1, 2, 3


@dataclass(frozen=True)
class Reading:
    """One fact as one line states it.

    Attributes:
        topic: dotted: ``packages.trl``, ``gpus``, ``training.mixed_precision``; ``model`` for a
            published checkpoint, ``model_type`` for what may be meant (a frozenset of types).
        value: the fact; ``None`` for known absent.
        strength: how sure it is.
    """

    topic: str
    value: Any
    strength: int


Reader = Callable[[re.Match[str]], Iterator[Reading]]
# The expression, bytes that a piece of the log must contain beside, and what a match means.
Row = tuple[str, bytes, Reader]


def readers() -> list[Pattern]:
    """All of them; the key of each is the function that turns a match into readings."""
    from .models import MODELS
    from .settings import SETTINGS
    from .stack import STACK

    table = (*STACK, *MODELS, *SETTINGS)
    return [pattern("fact", reader, text, needs, limit=400) for text, needs, reader in table]
