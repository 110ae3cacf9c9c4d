"""The ledger: every write to a model goes through it, and it can take each one back.

One ledger belongs to one rule's patch on one model. Its verbs are all or nothing (used as a
context manager, a failure reverts what was done and re-raises), doing a thing twice is a no-op,
and ``revert`` is last in, first out. Before it puts anything back it checks every slot; where
other code holds one, it raises :class:`PatchConflict` and changes nothing.

Every write is a transaction, because Ctrl-C may come between any two lines: the slot is recorded,
then written, then confirmed; on the way back it is restored first and leaves the ledger after.
A slot restores from any of these states, and restoring twice is restoring once.

What running showed, and the code relies on:

* A callable of a class of ours around a module-level function, stored in the instance, survives
  ``copy.deepcopy`` (bound to the copy) and pickling; a closure does neither, and a
  ``types.MethodType`` unpickles to the unpatched method.
* ``__wrapped__`` must never be set: accelerate's ``unwrap_model`` and Unsloth's compiler follow
  it to the end and drop the patch.
* Writing ``getattr(owner, name)`` back does not restore: it leaves an instance entry that shadows
  the class. What was not in ``vars(owner)`` is deleted instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import PatchConflict, PatchError
from ..live.paths import Paths
from ..live.threads import runs_elsewhere
from ..live.tree import is_config_class
from ._slots import HANDLES, AttributeSlot, HookSlot, ModuleSlot, Slot
from ._values import MISSING, is_same, text_of
from ._weak import WeakMethod, reference

__all__ = ["HANDLES", "Change", "Ledger", "conflicts_of", "finish"]


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


class Ledger:
    """The changes of one rule on one (unwrapped) model, which it does not keep alive.

    Args:
        code: the rule's code.
        model: the innermost transformers model; paths are given from it.
        paths: the paths of this model that another ledger has looked up already.
    """

    def __init__(self, code: str, model: Any, paths: Paths | None = None) -> None:
        self.code = code
        self._model = reference(model)
        self._paths = paths or Paths(model)
        self._entries: list[tuple[Change, Slot]] = []

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is not None:
            self.roll_back()

    @property
    def model(self) -> Any:
        """Return the model, or ``None`` once it was freed."""
        return self._model()

    @property
    def changes(self) -> tuple[Change, ...]:
        """Return what was written, in order; empty where everything was so already."""
        return tuple(change for change, slot in self._entries if slot.is_confirmed)

    def text_models(self) -> list[tuple[str, Any]]:
        """Return the model's text models with their paths, found once for all ledgers of a plan."""
        return self._paths.text_models()

    def configs(self) -> list[tuple[str, Any]]:
        """Return the model's distinct configs with their paths, found once as well."""
        return self._paths.configs()

    def set_attribute(self, owner: Any, name: str, value: Any) -> None:
        """Write an instance attribute. ``PatchError`` for a property, submodule or parameter."""
        before = own_entry(owner, name)
        if not is_same(before, value):
            slot = AttributeSlot(owner, name, before, value, self._path(owner, name))
            self._write(slot, text_of(before), text_of(value))
            if is_config_class(type(value)):
                self._paths.forget()

    def replace_method(self, owner: Any, name: str, function: Callable[..., Any]) -> None:
        """Give one instance another method: ``function(owner, ...)``, defined at module level."""
        if getattr(vars(owner).get(name), "func", None) is not function:
            self.set_attribute(owner, name, WeakMethod(function, owner))

    def replace_module(self, parent: Any, name: str, module: Any) -> None:
        """Put another submodule in place; ``vars`` does not see those, so they have a slot."""
        before = parent._modules[name]
        if before is not module:
            slot = ModuleSlot(parent, name, before, module, self._path(parent, name))
            self._write(slot, text_of(before), text_of(module))
            self._paths.forget()

    def add_hook(
        self,
        module: Any,
        kind: str,
        function: Callable[..., Any],
        *,
        undo: Callable[[Any], None] | None = None,
        **options: Any,
    ) -> None:
        """Register a module-level function as ``forward_pre_hook`` or ``forward_hook``.

        Args:
            module: the ``torch.nn.Module``.
            kind: ``"forward_pre_hook"`` or ``"forward_hook"``.
            function: the hook; must be importable, or the model can no longer be pickled.
            undo: called with the module when the hook is taken off, to put back what hooks wrote
                for the time of one forward: torch skips the closing hook of a forward that
                Ctrl-C ended.
            options: keywords of torch's ``register_...`` (``with_kwargs``, ``prepend``, ...).
        """
        if function not in getattr(module, f"_{kind}s").values():
            slot = HookSlot(module, kind, function, options, undo)
            self._write(slot, "absent", function.__name__, self._path(module, kind))

    def revert(self) -> None:
        """Put everything back, last in first out.

        Raises:
            PatchConflict: naming each slot that other code holds; nothing is changed then.
        """
        held = self.conflicts()
        if held:
            raise PatchConflict(f"{self.code} cannot be reverted: " + "; ".join(held))
        self.roll_back()

    def roll_back(self) -> None:
        """Put everything back without asking who holds it, interrupted or not."""
        finish(self._put_back)

    def conflicts(self) -> list[str]:
        """Return a text for each slot that cannot be put back."""
        return conflicts_of([self])

    def _put_back(self) -> None:
        while self._entries:
            self._entries[-1][1].restore()
            self._entries.pop()

    def _path(self, owner: Any, name: str) -> str:
        return f"{self._paths.of(owner)}.{name}"

    def _write(self, slot: Any, before: str, after: str, path: str = "") -> None:
        entry = (Change(self.code, path or slot.path, before, after), slot)
        try:
            self._record(entry)
            slot.write()
        except BaseException:
            slot.restore()
            if self._entries and self._entries[-1] is entry:
                self._entries.pop()
            raise

    def _record(self, entry: tuple[Change, Slot]) -> None:
        self._entries.append(entry)


def finish(step: Callable[[], None]) -> None:
    """Run an idempotent step to its end: again if it was interrupted, and raise after."""
    try:
        step()
    except BaseException:
        step()
        raise


def conflicts_of(ledgers: Iterable[Ledger]) -> list[str]:
    """Return a text for each slot that cannot be put back; ledgers in the order of their writes.

    Only the last write to a slot is asked: once it is put back, an earlier one finds its own.
    A forward that loses its cures half-way is silently wrong, so one in another thread is told too.
    """
    ledgers = list(ledgers)
    held = _forwards_elsewhere(ledgers)
    seen: set[tuple[int, str]] = set()
    slots = [slot for ledger in ledgers for _, slot in ledger._entries]
    for slot in reversed(slots):
        text = None if slot.key in seen else slot.conflict()
        held += [text] if text else []
        seen.add(slot.key)
    return held


def _forwards_elsewhere(ledgers: list[Ledger]) -> list[str]:
    models = {id(ledger.model): ledger.model for ledger in ledgers if ledger._entries}
    return [
        f"another thread is in a forward of this {type(model).__name__}; revert when it has ended"
        for model in models.values()
        if hasattr(model, "modules") and runs_elsewhere(model)
    ]


def own_entry(owner: Any, name: str) -> Any:
    """Return the entry in the owner's ``__dict__``, ``MISSING`` if there is none.

    Raises:
        PatchError: writing it would land elsewhere, where the ledger could not take it back.
    """
    stores = ("_modules", "_parameters", "_buffers")
    in_store = any(name in (vars(owner).get(store) or ()) for store in stores)
    renamed = name in (getattr(owner, "attribute_map", None) or ())  # a config's own alias
    if in_store or renamed or isinstance(getattr(type(owner), name, None), property):
        raise PatchError(f"{type(owner).__name__}.{name} is not kept under that name; cannot write")
    return vars(owner).get(name, MISSING)
