"""The places that a ledger writes: each can be written, asked who holds it, and put back.

A slot knows what was there before it was written, so it restores from whatever state an
interrupted write or an interrupted restore left. It holds its owner weakly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ._values import MISSING, is_same, text_of
from ._weak import reference

HANDLES = "_gemma_compat_hooks"


class Slot(Protocol):
    """One place to be written."""

    is_confirmed: bool

    @property
    def key(self) -> tuple[int, str]:
        """Return the place: the object and the name of the entry."""

    def write(self) -> None:
        """Write it, and note that it was written."""

    def conflict(self) -> str | None:
        """Return a text that names the slot's holder, or ``None`` where it can be put back."""

    def restore(self) -> None:
        """Put back what was there, as often as it is called."""


class AttributeSlot:
    """An entry of an object's own ``__dict__``."""

    def __init__(self, owner: Any, name: str, before: Any, value: Any, path: str) -> None:
        self.owner, self.name = reference(owner), name
        self.before, self.after, self.path = before, value, path
        self.is_confirmed = False
        self.key = id(owner), name

    def write(self) -> None:
        owner = self.owner()
        setattr(owner, self.name, self.after)
        # What the owner made of it (a config may convert) is what we later expect to find.
        self.after = vars(owner).get(self.name, MISSING)
        self.is_confirmed = True

    def conflict(self) -> str | None:
        current = self._current()
        is_ours = not self.is_confirmed or is_same(current, self.after)
        return None if is_ours or is_same(current, self.before) else self._held_by(current)

    def restore(self) -> None:
        owner = self.owner()
        if owner is None or self._current() is self.before:
            return
        if isinstance(owner, type):
            _restore_in_class(owner, self.name, self.before)
        elif self.before is MISSING:
            vars(owner).pop(self.name, None)
        else:
            # Past the owner's ``__setattr__``: what was there needs no validation.
            vars(owner)[self.name] = self.before

    def _current(self) -> Any:
        owner = self.owner()
        return self.before if owner is None else vars(owner).get(self.name, MISSING)

    def _held_by(self, current: Any) -> str:
        return f"{self.path} is now {text_of(current)}"


def _restore_in_class(owner: type, name: str, before: Any) -> None:
    if before is not MISSING:
        setattr(owner, name, before)
    elif name in vars(owner):
        delattr(owner, name)


class ModuleSlot(AttributeSlot):
    """An entry of a module's ``_modules``."""

    def write(self) -> None:
        self.owner()._modules[self.name] = self.after
        self.is_confirmed = True

    def restore(self) -> None:
        parent = self.owner()
        if parent is not None:
            parent._modules[self.name] = self.before

    def _current(self) -> Any:
        parent = self.owner()
        return self.before if parent is None else parent._modules.get(self.name)


class HookSlot:
    """A registered hook. Hooks stack, so no other code can hold the slot.

    The hook is found by its function and not by torch's handle, which an interrupt may keep from
    us. A ledger puts a function on a module once.
    """

    def __init__(
        self,
        module: Any,
        kind: str,
        function: Callable[..., Any],
        options: dict[str, Any],
        undo: Callable[[Any], None] | None,
    ) -> None:
        self.owner, self.kind, self.function = reference(module), kind, function
        self.options, self.undo = options, undo
        self.is_confirmed = False
        self.key = id(module), f"{kind} {function.__module__}.{function.__name__}"

    def write(self) -> None:
        module = self.owner()
        handle = getattr(module, f"register_{self.kind}")(self.function, **self.options)
        # The module keeps the handle so that it is pickled: loading it moves torch's hook counter
        # past our id. Otherwise the next hook of a new process would silently replace ours.
        vars(module).setdefault(HANDLES, []).append(handle)
        self.is_confirmed = True

    def conflict(self) -> str | None:
        return None

    def restore(self) -> None:
        module = self.owner()
        if module is None:
            return
        hooks = getattr(module, f"_{self.kind}s")
        for key in [key for key, hook in hooks.items() if hook is self.function]:
            for name in (f"_{self.kind}s_with_kwargs", f"_{self.kind}s_always_called"):
                getattr(module, name, {}).pop(key, None)
            hooks.pop(key, None)
        _drop_dead_handles(module)
        if self.undo is not None:
            self.undo(module)


def _drop_dead_handles(module: Any) -> None:
    """Drop the handles of hooks that are gone."""
    handles = vars(module).get(HANDLES)
    if handles is None:
        return
    live = {*module._forward_pre_hooks, *module._forward_hooks}
    handles[:] = [handle for handle in handles if handle.id in live]
    if not handles:
        vars(module).pop(HANDLES, None)
