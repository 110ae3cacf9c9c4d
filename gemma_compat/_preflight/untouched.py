"""Put back everything that a forward and a backward pass can write.

Bit for bit: gradients (the very tensors), buffers, random state, training modes, hooks of modules
and of parameters, checkpointing flags, and every other entry in a module's or a config's
``__dict__``. Parameters and large buffers are not copied, since no check writes to one; torch's own
counter verifies that none was written.
Gradients are not copied either: they are taken off the parameters and put back, so a model of 27
billion parameters needs no second set of them.
"""

from __future__ import annotations

import random
import sys
from collections import deque
from collections.abc import Iterable
from typing import Any

from ..errors import GemmaCompatError
from ..live.tree import named_configs
from .interrupt import Gate

_TABLES = (dict, set, list, deque)  # restored in place: same object, same content
_DEEP = 5  # levels of containers and objects to follow from a holder
_COPIED = 2**24  # bytes of a buffer; a larger one is only watched, as parameters are
_LONG = 1_000  # entries; a longer container holds rows, which no step writes to


class Untouched:
    """Put back what the body of a ``with`` changes, also if it raises or is interrupted.

    Args:
        model: every module of it, with parameters, buffers and configs.
        holders: further objects whose attributes, containers and generators are put back (a
            Trainer, an Accelerator, a collator).
        gate: holds Ctrl-C back while things are put back.
    """

    def __init__(self, model: Any, holders: Iterable[Any] = (), gate: Gate | None = None) -> None:
        owners = [*model.modules(), *(config for _, config in named_configs(model))]
        self._gate = gate
        self._restored = False
        self._entries = [_Entries(owner) for owner in owners]
        self._kept = Kept(holders)
        self._tensors = _Tensors(model)
        self._state = _random_state()

    def __enter__(self) -> Untouched:
        self._tensors.take_gradients_off()
        return self

    def __exit__(self, *error: object) -> None:
        self.restore()

    def restore(self) -> None:
        """Put everything back, once. A call that was interrupted can simply be repeated."""
        if self._gate is not None:
            self._gate.closed = True
        if not self._restored:
            for entry in self._entries:
                entry.restore()
            self._kept.restore()
            self._tensors.restore()
            _set_random_state(self._state)
            self._restored = True
        if self._gate is not None:
            self._gate.reopen()


class Kept:
    """Restore the attributes of objects, the content of their containers, and random generators.

    Containers and plain objects are followed a few levels down; modules, tensors and long lists (of
    rows) are not entered.
    """

    def __init__(self, roots: Iterable[Any]) -> None:
        self._entries: list[_Entries] = []
        self._tables: list[tuple[Any, Any]] = []
        self._generators: list[tuple[Any, Any]] = []
        self._seen: set[int] = set()
        for root in roots:
            self._add(root, 0)

    def _add(self, value: Any, depth: int) -> None:
        if id(value) in self._seen or depth > _DEEP or isinstance(value, _PLAIN):
            return
        self._seen.add(id(value))
        if isinstance(value, _TABLES):
            self._tables.append((value, value.copy()))
            if len(value) <= _LONG:
                for item in value.values() if isinstance(value, dict) else list(value):
                    self._add(item, depth + 1)
            return
        state = generator_state(value)
        if state is not None:
            self._generators.append((value, state))
        elif _is_plain_object(value, depth):
            self._entries.append(_Entries(value))
            for item in list(vars(value).values()):
                self._add(item, depth + 1)

    def restore(self) -> None:
        for entry in self._entries:
            entry.restore()
        for table, content in self._tables:
            _refill(table, content)
        for generator, state in self._generators:
            set_generator_state(generator, state)


_PLAIN = (str, bytes, int, float, bool, complex, tuple, type(None), type)


def _is_plain_object(value: Any, depth: int) -> bool:
    """Return whether to restore its attributes: the roots, and objects of the user's script
    below.
    """
    if not hasattr(value, "__dict__") or callable(getattr(value, "named_modules", None)):
        return False
    if hasattr(value, "__func__") or type(value).__module__ == "builtins":
        return False
    home = type(value).__module__.partition(".")[0]
    return depth == 0 or home not in {"torch", "numpy", "pyarrow", "transformers", "tokenizers"}


def generator_state(value: Any) -> Any:
    """Return the state of a random generator of Python, NumPy or torch; ``None`` for all else."""
    if isinstance(value, random.Random):
        return value.getstate()
    home = type(value).__module__.partition(".")[0]
    name = type(value).__name__
    if home == "numpy" and name == "Generator":
        return value.bit_generator.state
    if home == "numpy" and name == "RandomState":
        return value.get_state()
    if home == "torch" and name == "Generator":
        return value.get_state()
    return None


def set_generator_state(value: Any, state: Any) -> None:
    if isinstance(value, random.Random):
        value.setstate(state)
    elif hasattr(value, "bit_generator"):
        value.bit_generator.state = state
    else:
        value.set_state(state)


class _Entries:
    """Restore the ``__dict__`` of one object, and the content of the tables in it."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self._found = dict(vars(owner))
        self._tables = [
            (value, value.copy()) for value in self._found.values() if isinstance(value, _TABLES)
        ]

    def restore(self) -> None:
        own = vars(self._owner)
        if own.keys() != self._found.keys() or any(own[k] is not v for k, v in self._found.items()):
            own.clear()
            own.update(self._found)
        for table, content in self._tables:
            _refill(table, content)


def _refill(table: Any, content: Any) -> None:
    """Give the table its former content in its former order; leave it alone if it has that."""
    if isinstance(table, dict):
        same = list(table) == list(content) and all(table[k] is v for k, v in content.items())
    elif isinstance(table, set):
        same = table == content
    else:
        same = len(table) == len(content) and all(
            a is b for a, b in zip(table, content, strict=True)
        )
    if same:
        return
    table.clear()
    if isinstance(table, (list, deque)):
        table.extend(content)
    else:
        table.update(content)


def _version(tensor: Any) -> int:
    """Return how often the tensor was written to; 0 for one of ``torch.inference_mode``, for which
    torch does not count.
    """
    return 0 if tensor.is_inference() else int(tensor._version)


_HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")  # of a tensor: dicts, or None


class _Tensors:
    """Restore gradients, their hooks, ``requires_grad`` and buffers of a model."""

    def __init__(self, model: Any) -> None:
        self._parameters = [
            (parameter, parameter.grad, parameter.requires_grad, _version(parameter))
            for parameter in model.parameters()
        ]
        self._hooks = [
            (parameter, name, dict(getattr(parameter, name, None) or {}))
            for parameter in model.parameters()
            for name in _HOOKS
        ]
        buffers = list(model.buffers())
        self._buffers = [(b, b.detach().clone()) for b in buffers if _is_small(b)]
        # GPTQ and AWQ keep the weights themselves in buffers, which no step writes to.
        self._large = [(b, _version(b)) for b in buffers if not _is_small(b)]

    def take_gradients_off(self) -> None:
        for parameter, _, _, _ in self._parameters:
            parameter.grad = None

    def restore(self) -> None:
        import torch

        with torch.no_grad():
            for tensor, content in self._buffers:
                if not (tensor.shape == content.shape and bool(torch.equal(tensor, content))):
                    tensor.copy_(content)
        for parameter, name, hooks in self._hooks:
            _put_hooks_back(parameter, name, hooks)
        written = sum(_version(buffer) != version for buffer, version in self._large)
        for parameter, grad, requires_grad, version in self._parameters:
            parameter.grad = grad
            if parameter.requires_grad != requires_grad:
                parameter.requires_grad_(requires_grad)
            written += _version(parameter) != version
        if written:
            raise GemmaCompatError(
                f"the training step wrote to {written} weights, which preflight does not copy: "
                "load the model again, and leave preflight out for this Trainer"
            )


def _put_hooks_back(parameter: Any, name: str, hooks: dict[int, Any]) -> None:
    """Take off the hooks that came since, as a Ctrl-C leaves them before their handles are kept."""
    now = getattr(parameter, name, None)
    if now is not None and dict(now) != hooks:
        now.clear()
        now.update(hooks)


def _is_small(buffer: Any) -> bool:
    return bool(buffer.numel() * buffer.element_size() <= _COPIED)


def _random_state() -> dict[str, Any]:
    """Return the random state of Python, of torch on every device, and of NumPy if it is loaded."""
    import torch

    found: dict[str, Any] = {"python": random.getstate(), "torch": torch.get_rng_state()}
    if "numpy" in sys.modules:
        found["numpy"] = sys.modules["numpy"].random.get_state()
    if torch.cuda.is_initialized():
        found["cuda"] = torch.cuda.get_rng_state_all()
    return found


def _set_random_state(state: dict[str, Any]) -> None:
    import torch

    random.setstate(state["python"])
    torch.set_rng_state(state["torch"])
    if "numpy" in state:
        sys.modules["numpy"].random.set_state(state["numpy"])
    if "cuda" in state:
        torch.cuda.set_rng_state_all(state["cuda"])
