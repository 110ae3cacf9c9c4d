"""Wrap one method of another library's class so that it can be put back."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(eq=False)
class Wrapped:
    """One wrapped method.

    Attributes:
        owner, name: the class and the name of the method.
        original: the method that the wrapper calls: the class's own, or an earlier wrapper.
        inherited: whether the class inherits the method.
        armed: whether the wrapper does more than pass the call on.
        wrapper: the function that stands in the method's place.
    """

    owner: type
    name: str
    original: Callable[..., Any]
    inherited: bool
    armed: bool = True
    wrapper: Callable[..., Any] | None = None

    def remove(self) -> str | None:
        """Restore the original; if other code has wrapped ours, disarm it and return one line."""
        self.armed = False
        current = vars(self.owner).get(self.name)
        if current is not self.wrapper:
            holder = (
                f"{getattr(current, '__module__', '?')}.{getattr(current, '__qualname__', '?')}"
            )
            return (
                f"{self.owner.__name__}.{self.name} is now {holder}; "
                "where that still calls ours, ours only passes through"
            )
        if self.inherited:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self.original)
        return None


def wrap(
    owner: type,
    name: str,
    before: Callable[..., None] | None = None,
    after: Callable[..., None] | None = None,
) -> Wrapped:
    """Put a wrapper in the method's place, with its name and signature.

    Args:
        owner, name: the class and the name of the method.
        before: called with the object, the tuple of arguments and the dict of keywords.
        after: called with the object and the result.
    """
    record = Wrapped(owner, name, getattr(owner, name), name not in vars(owner))
    record.wrapper = _wrapper(record, before, after)
    setattr(owner, name, record.wrapper)
    return record


def _wrapper(
    record: Wrapped, before: Callable[..., None] | None, after: Callable[..., None] | None
) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if record.armed and before:
            before(self, args, kwargs)
        result = record.original(self, *args, **kwargs)
        if record.armed and after:
            after(self, result)
        return result

    for name in ("__name__", "__qualname__", "__doc__", "__module__"):
        setattr(method, name, getattr(record.original, name, None))
    method.__signature__ = inspect.signature(record.original)  # type: ignore[attr-defined]
    if record.name == "__init__":
        method.__wrapped__ = record.original  # type: ignore[attr-defined]
    return method
