"""How the ledger compares and prints the values that it writes."""

from __future__ import annotations

from functools import partial
from typing import Any

from ._weak import WeakMethod

_PLAIN = (bool, int, float, str, type(None))
_SEQUENCES = (list, tuple)


class MISSING:
    """Stands for "the owner had no such entry". A class: it copies and pickles as itself."""


def is_same(one: Any, other: Any) -> bool:
    """Compare by identity, or plain values of one type (``True`` is not ``1``), in sequences too.

    Never compares tensors or modules.
    """
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, _SEQUENCES):
        return len(one) == len(other) and all(map(is_same, one, other))
    return isinstance(one, _PLAIN) and bool(one == other)


def text_of(value: Any) -> str:
    """Return a short text of a value for the user: plain values as they are, objects by their
    name.
    """
    if value is MISSING:
        return "absent"
    if isinstance(value, (partial, WeakMethod)):
        return getattr(value.func, "__name__", "a function")
    if isinstance(value, (*_PLAIN, *_SEQUENCES)):
        text = repr(value)
        return text if len(text) <= 60 else text[:57] + "..."
    return getattr(value, "__qualname__", type(value).__name__)
