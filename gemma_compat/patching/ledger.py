"""The ledger: every write to a model goes through it, and it can take each one back.

One ledger belongs to one rule's patch on one model. Its verbs are all or nothing (used as a
context manager, a failure reverts what was done and re-raises), doing a thing twice is a no-op,
and ``revert`` is last in, first out. Before it puts anything back it checks every slot; where
somebody else holds one it raises :class:`PatchConflict` and changes nothing.

What running showed, and the code relies on:

* ``functools.partial`` of a module-level function, stored in the instance, survives
  ``copy.deepcopy`` (bound to the copy) and pickling; a closure does neither, and a
  ``types.MethodType`` unpickles to the unpatched method.
* ``__wrapped__`` must never be set: accelerate's ``unwrap_model`` and Unsloth's compiler follow
  it to the end and drop the patch.
* Writing ``getattr(owner, name)`` back is no restore: it leaves an instance entry that shadows
  the class. What was not in ``vars(owner)`` is deleted instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from ..errors import PatchConflict
from ..tree import path_of
from ._values import MISSING, is_same, text_of
from .saving import remember_found


@dataclass(frozen=True)
class Change:
    """One write, as the user reads it.

    Attributes:
        code: the rule that asked for it.
        path: what was written, from the model down: ``model.config.use_cache``.
        before, after: short texts of the values.
    """

    code: str
    path: str
    before: str
    after: str


class Slot(Protocol):
    """One place that was written: can say who holds it, and put back what was there."""

    def conflict(self) -> str | None:
        """Who holds the slot now, in words, or ``None`` where it can be put back."""

    def restore(self) -> None:
        """Put back what was there. Call only after ``conflict`` gave ``None``."""


class Ledger:
    """The changes of one rule on one (unwrapped) model.

    Args:
        code: the rule's code.
        model: the innermost transformers model; paths are given from it.
    """

    def __init__(self, code: str, model: Any) -> None:
        self.code = code
        self.model = model
        self._entries: list[tuple[Change, Slot]] = []

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is not None:
            self.revert()

    @property
    def changes(self) -> tuple[Change, ...]:
        """What was written, in order; empty where everything was so already."""
        return tuple(change for change, _ in self._entries)

    def set_attribute(self, owner: Any, name: str, value: Any) -> None:
        """Write an instance attribute. Not for submodules, parameters or buffers."""
        before = vars(owner).get(name, MISSING)
        if is_same(before, value):
            return
        path = f"{path_of(self.model, owner)}.{name}"
        setattr(owner, name, value)
        # What the owner made of it (a config may convert) is what we later expect to find.
        slot = AttributeSlot(owner, name, before, vars(owner).get(name, MISSING), path)
        self._record(path, text_of(before), text_of(value), slot)

    def set_config(self, config: Any, name: str, value: Any) -> None:
        """Write a config field for the run only: saving writes the value found here."""
        before = vars(config).get(name, MISSING)
        if is_same(before, value):
            return
        remember_found(self, config, name, before)
        self.set_attribute(config, name, value)

    def replace_method(self, owner: Any, name: str, function: Callable[..., Any]) -> None:
        """Give one instance another method: ``function(owner, ...)``, defined at module level."""
        current = vars(owner).get(name)
        if isinstance(current, partial) and current.func is function:
            return
        self.set_attribute(owner, name, partial(function, owner))

    def replace_module(self, parent: Any, name: str, module: Any) -> None:
        """Put another submodule in place; ``vars`` does not see those, so they have a slot."""
        before = parent._modules[name]
        if before is module:
            return
        path = f"{path_of(self.model, parent)}.{name}"
        parent._modules[name] = module
        self._record(path, text_of(before), text_of(module), ModuleSlot(parent, name, before, module, path))

    def add_hook(self, module: Any, kind: str, function: Callable[..., Any], **options: Any) -> None:
        """Register a module-level function as ``forward_pre_hook`` or ``forward_hook``.

        Args:
            module: the ``torch.nn.Module``.
            kind: ``"forward_pre_hook"`` or ``"forward_hook"``.
            function: the hook; must be importable, or the model can no longer be pickled.
            options: keywords of torch's ``register_...`` (``with_kwargs``, ``prepend``, ...).
        """
        if function in getattr(module, f"_{kind}s").values():
            return
        handle = getattr(module, f"register_{kind}")(function, **options)
        path = f"{path_of(self.model, module)}.{kind}"
        self._record(path, "absent", function.__name__, HookSlot(handle))

    def revert(self) -> None:
        """Put everything back, last in first out.

        Raises:
            PatchConflict: naming each slot that somebody else holds; nothing is changed then.
        """
        held = self.conflicts()
        if held:
            raise PatchConflict(f"{self.code} cannot be reverted: " + "; ".join(held))
        while self._entries:
            self._entries.pop()[1].restore()

    def conflicts(self) -> list[str]:
        """The slots that cannot be put back, in words. A later write of ours hides an earlier."""
        held = []
        seen: set[tuple[int, str]] = set()
        for _, slot in reversed(self._entries):
            key = getattr(slot, "key", None)
            if key is None or key not in seen:
                held.append(slot.conflict())
            if key is not None:
                seen.add(key)
        return [text for text in held if text]

    def _record(self, path: str, before: str, after: str, slot: Slot) -> None:
        self._entries.append((Change(self.code, path, before, after), slot))


@dataclass(frozen=True)
class AttributeSlot:
    """An entry of an object's own ``__dict__``."""

    owner: Any
    name: str
    before: Any
    after: Any
    path: str

    @property
    def key(self) -> tuple[int, str]:
        return id(self.owner), self.name

    def conflict(self) -> str | None:
        current = vars(self.owner).get(self.name, MISSING)
        if is_same(current, self.after) or is_same(current, self.before):
            return None
        return f"{self.path} is now {text_of(current)}"

    def restore(self) -> None:
        if self.before is not MISSING:
            setattr(self.owner, self.name, self.before)
        elif self.name in vars(self.owner):
            delattr(self.owner, self.name)


@dataclass(frozen=True)
class ModuleSlot:
    """An entry of a module's ``_modules``."""

    parent: Any
    name: str
    before: Any
    after: Any
    path: str

    @property
    def key(self) -> tuple[int, str]:
        return id(self.parent), self.name

    def conflict(self) -> str | None:
        current = self.parent._modules.get(self.name)
        if current is self.after or current is self.before:
            return None
        return f"{self.path} is now {text_of(current)}"

    def restore(self) -> None:
        self.parent._modules[self.name] = self.before


@dataclass(frozen=True)
class HookSlot:
    """A registered hook. Hooks stack, so nobody else can hold the slot."""

    handle: Any

    def conflict(self) -> str | None:
        return None

    def restore(self) -> None:
        self.handle.remove()
