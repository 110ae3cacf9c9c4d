"""Which of this library's own functions are on a live model: what ``patch`` did to it before.

Read the object, not a record of it: a hook that was taken off does not cure, and a copy or a
loaded pickle of a patched model has its hooks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..live.snapshot import Snapshot

_OURS = __name__.partition(".")[0] + "."
_HOOKS = ("_forward_pre_hooks", "_forward_hooks")


def functions_in_place(live: Snapshot) -> tuple[str, ...]:
    """Return the sorted names of our hooks, methods and config fallback on a model."""
    found = {function.__name__ for function in _functions(live) if _is_ours(function)}
    return tuple(sorted(found))


def our_hooks(module: Any) -> list[Any]:
    """Return the hook functions of this library on one module."""
    held = [function for kind in _HOOKS for function in getattr(module, kind, {}).values()]
    return [function for function in held if _is_ours(function)]


def _functions(live: Snapshot) -> Iterator[Any]:
    for module in live.modules:
        if module._forward_pre_hooks or module._forward_hooks:
            yield from (*module._forward_pre_hooks.values(), *module._forward_hooks.values())
    for value in list(vars(live.base).values()):
        yield from _chain(value)
    yield vars(type(live.config)).get("__getattr__")


def _chain(value: Any) -> Iterator[Any]:
    """Yield our method and, if a second one wraps it, the one that it calls."""
    while isinstance(getattr(value, "args", None), tuple) and hasattr(value, "func"):
        yield value.func
        value = value.args[-1] if value.args else None


def _is_ours(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).startswith(_OURS) and hasattr(
        function, "__name__"
    )
