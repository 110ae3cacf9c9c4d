"""References that keep nothing alive: a patched model is freed by ``del``, as it was before.

A method stored in its own model, and a ledger that the model leads to, would be reference cycles;
a GPU full of a dead model then waits for the garbage collector.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any


def reference(owner: Any) -> Callable[[], Any]:
    """Return a call that returns ``owner``, or ``None`` once ``owner`` was freed.

    An object that takes no weak references (a class with ``__slots__``) is held.
    """
    try:
        return weakref.ref(owner)
    except TypeError:
        return _Held(owner)


class _Held:
    def __init__(self, owner: Any) -> None:
        self._owner = owner

    def __call__(self) -> Any:
        return self._owner


class WeakMethod:
    """Call ``function(owner, *arguments, ...)``; to be stored in the owner itself.

    A deep copy is bound to the copied owner, and a pickle to the loaded one.

    Args:
        function: defined at module level, so that it can be pickled.
        owner: held weakly.
        arguments: passed after the owner.
    """

    def __init__(self, function: Callable[..., Any], owner: Any, *arguments: Any) -> None:
        self.func = function
        self.args = arguments
        self._owner = weakref.ref(owner)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.func(self.owner(), *self.args, *args, **kwargs)

    def owner(self) -> Any:
        """Return the object it is stored in. Raises ``ReferenceError`` once that was freed."""
        owner = self._owner()
        if owner is None:
            name = getattr(self.func, "__name__", "a method")
            raise ReferenceError(f"gemma_compat: {name} was called after its model was freed")
        return owner

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.func, self.owner(), *self.args)
