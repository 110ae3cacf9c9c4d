"""Leaves no trace of a trial: everything that a forward and a backward can write is put back.

Bit for bit: gradients (the very tensors), buffers, random state, training modes, hooks, flags of
checkpointing, and every other entry in a module's or a config's ``__dict__``. Parameters are not
copied, since no check writes to one; that none was written is checked by torch's own counter.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..live.tree import named_configs

# A module keeps these as dicts, which must stay the same objects with the same entries.
_TABLES = (dict, set, list)


@contextmanager
def untouched(model: Any, *holders: Any) -> Iterator[None]:
    """Put back what the body changes, also where it raises or is interrupted.

    Args:
        model: every module of it, with its parameters, buffers and configs.
        holders: further objects whose own attributes are put back (a Trainer, an Accelerator).
    """
    owners = [*model.modules(), *(config for _, config in named_configs(model)), *holders]
    entries = [_Entries(owner) for owner in owners]
    tensors = _Tensors(model)
    state = _random_state()
    try:
        yield
    finally:
        for entry in entries:
            entry.restore()
        tensors.restore()
        _set_random_state(state)


class _Entries:
    """The ``__dict__`` of one object, and the content of the tables in it."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self._found = dict(vars(owner))
        self._tables = [
            (value, value.copy()) for value in self._found.values() if isinstance(value, _TABLES)
        ]

    def restore(self) -> None:
        own = vars(self._owner)
        if own != self._found if _is_plain(own) else True:
            own.clear()
            own.update(self._found)
        for table, content in self._tables:
            _refill(table, content)


def _is_plain(entries: dict[str, Any]) -> bool:
    """Comparing is for plain values only: a tensor's ``==`` is no answer."""
    return all(isinstance(value, (str, int, float, bool, type(None))) for value in entries.values())


def _refill(table: Any, content: Any) -> None:
    table.clear()
    if isinstance(table, list):
        table.extend(content)
    else:
        table.update(content)


class _Tensors:
    """Gradients, flags and buffers of a model."""

    def __init__(self, model: Any) -> None:
        self._parameters = [
            (parameter, parameter.grad, parameter.requires_grad, parameter._version)
            for parameter in model.parameters()
        ]
        self._grads = [
            (grad, grad.detach().clone()) for _, grad, _, _ in self._parameters if grad is not None
        ]
        self._buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]

    def restore(self) -> None:
        import torch

        with torch.no_grad():
            for tensor, content in (*self._grads, *self._buffers):
                if not _is_equal(tensor, content):
                    tensor.copy_(content)
        for parameter, grad, requires_grad, version in self._parameters:
            parameter.grad = grad
            parameter.requires_grad_(requires_grad)
            if parameter._version != version:
                raise AssertionError("preflight wrote to a parameter; please report this")


def _is_equal(tensor: Any, content: Any) -> bool:
    import torch

    return tensor.shape == content.shape and bool(torch.equal(tensor, content))


def _random_state() -> dict[str, Any]:
    """Of Python, NumPy and torch, on every device; NumPy only where it is loaded already."""
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
