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

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from ..errors import PatchConflict, PatchError
from ..live.tree import Paths
from ._values import MISSING, is_same, text_of
from .saving import remember_found

HANDLES = "_gemma_compat_hooks"


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
        self._paths = Paths(model)
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
        """Write an instance attribute. ``PatchError`` for a property, submodule or parameter."""
        before = _own_entry(owner, name)
        if not is_same(before, value):
            self._write(AttributeSlot, owner, name, before, value)

    def set_config(self, config: Any, name: str, value: Any) -> None:
        """Write a config field for the run only: saving writes the value found here."""
        before = _own_entry(config, name)
        if not is_same(before, value):
            remember_found(self, config, name)
            self._write(ConfigSlot, config, name, before, value)

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
        path = f"{self._paths.of(parent)}.{name}"
        parent._modules[name] = module
        slot = ModuleSlot(parent, name, before, module, path)
        self._record(path, text_of(before), text_of(module), slot)

    def add_hook(
        self, module: Any, kind: str, function: Callable[..., Any], **options: Any
    ) -> None:
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
        path = f"{self._paths.of(module)}.{kind}"
        # Kept on the module so that it is pickled: loading it moves torch's hook counter past our
        # id. Without it, the next hook that a new process registers would silently replace ours.
        vars(module).setdefault(HANDLES, []).append(handle)
        self._record(path, "absent", function.__name__, HookSlot(module, handle))

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
        """The slots that cannot be put back, in words."""
        return conflicts_of([self])

    def _write(
        self, kind: type[AttributeSlot], owner: Any, name: str, before: Any, value: Any
    ) -> None:
        path = f"{self._paths.of(owner)}.{name}"
        setattr(owner, name, value)
        # What the owner made of it (a config may convert) is what we later expect to find.
        slot = kind(owner, name, before, vars(owner).get(name, MISSING), path)
        self._record(path, text_of(before), text_of(value), slot)

    def _record(self, path: str, before: str, after: str, slot: Slot) -> None:
        self._entries.append((Change(self.code, path, before, after), slot))


def conflicts_of(ledgers: Iterable[Ledger]) -> list[str]:
    """The slots that cannot be put back, in words; the ledgers in the order of their writes.

    Only the last write to a slot is asked: once it is put back, an earlier one finds its own.
    """
    held: list[str] = []
    seen: set[tuple[int, str]] = set()
    slots = [slot for ledger in ledgers for _, slot in ledger._entries]
    for slot in reversed(slots):
        key = getattr(slot, "key", None)
        text = None if key in seen else slot.conflict()
        held += [text] if text else []
        seen |= {key} if key else set()
    return held


def _own_entry(owner: Any, name: str) -> Any:
    """The entry in the owner's ``__dict__``, ``MISSING`` if there is none.

    Raises:
        PatchError: writing it would land elsewhere, where the ledger could not take it back.
    """
    stores = ("_modules", "_parameters", "_buffers")
    in_store = any(name in (vars(owner).get(store) or ()) for store in stores)
    renamed = name in (getattr(owner, "attribute_map", None) or ())  # a config's own alias
    if in_store or renamed or isinstance(getattr(type(owner), name, None), property):
        raise PatchError(f"{type(owner).__name__}.{name} is not kept under that name; cannot write")
    return vars(owner).get(name, MISSING)


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
class ConfigSlot(AttributeSlot):
    """A config field. Nobody holds one: a Trainer that writes its own value has replaced ours.

    Then there is nothing of ours to take back, and the Trainer's value stays.
    """

    def conflict(self) -> str | None:
        return None

    def restore(self) -> None:
        if is_same(vars(self.owner).get(self.name, MISSING), self.after):
            super().restore()


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

    module: Any
    handle: Any

    def conflict(self) -> str | None:
        return None

    def restore(self) -> None:
        self.handle.remove()
        handles = vars(self.module).get(HANDLES, [])
        if self.handle in handles:
            handles.remove(self.handle)
        if not handles:
            vars(self.module).pop(HANDLES, None)
