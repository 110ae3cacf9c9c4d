"""One NVIDIA card on a machine that has none: answers to CUDA's queries, and memory that is RAM.

Unsloth refuses to take its GPU code path without a card, and asks for its compute capability. The
code path itself, the patches on transformers and the compiler that rebuilds modules are Python and
run anywhere. Nothing is computed here that a GPU would compute otherwise: kernels in Triton run in
its interpreter (``TRITON_INTERPRET=1``), and gradients that come out of them are not to be trusted.

Call :func:`pretend` before anything of Unsloth is imported.
"""

from __future__ import annotations

import contextlib
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from torch.utils._device import _device_constructors

CARDS = {
    "T4": ("Tesla T4", (7, 5), 15),
    "A100": ("NVIDIA A100-SXM4-40GB", (8, 0), 40),
}
_CPU = torch.device("cpu")
_FACTORIES = (
    "arange as_tensor empty empty_like empty_strided eye full linspace ones ones_like rand randint "
    "randn tensor zeros zeros_like"
)


def pretend(card: str = "A100", available: bool = True) -> None:
    """Let torch answer as if this card were there, and place what is meant for it in RAM.

    Args:
        card: a key of :data:`CARDS`.
        available: what ``torch.cuda.is_available()`` says. The newest Unsloth takes its GPU path
            by ``UNSLOTH_ALLOW_CPU=1`` too, and then leaves TRL's trainers alone.
    """
    name, capability, gib = CARDS[card]
    _answer_queries(name, capability, gib * 2**30)
    if available:
        torch.cuda.is_available = lambda: True
    _place_in_ram()


def stand_in_for_kernels() -> None:
    """Plain torch for the two kernels that Triton's interpreter cannot run."""
    import bitsandbytes

    bitsandbytes.functional.lib = _Nothing()
    module = ModuleType("cut_cross_entropy")
    module.linear_cross_entropy = linear_cross_entropy  # type: ignore[attr-defined]
    sys.modules["cut_cross_entropy"] = module


def linear_cross_entropy(
    hidden: torch.Tensor,
    weight: torch.Tensor,
    targets: torch.Tensor,
    ignore_index: int = -100,
    softcap: float | None = None,
    reduction: str = "mean",
    shift: bool = False,
    **ignored: Any,
) -> torch.Tensor:
    """The loss of ``hidden @ weight.T`` ``(batch, tokens, vocabulary)`` against ``targets``."""
    logits = (hidden.to(weight.dtype) @ weight.t()).float()
    if softcap:
        logits = softcap * torch.tanh(logits / softcap)
    if shift:
        logits, targets = logits[..., :-1, :], targets[..., 1:]
    return torch.nn.functional.cross_entropy(
        logits.flatten(0, -2), targets.flatten(), ignore_index=ignore_index, reduction=reduction
    )


class _Nothing:
    """A library whose every function does nothing."""

    def __getattr__(self, name: str) -> Any:
        return _constant(None)


def _answer_queries(name: str, capability: tuple[int, int], memory: int) -> None:
    properties = SimpleNamespace(
        name=name,
        major=capability[0],
        minor=capability[1],
        total_memory=memory,
        multi_processor_count=40,
        warp_size=32,
        max_threads_per_multi_processor=1024,
        regs_per_multiprocessor=65536,
        shared_memory_per_block=48 * 1024,
        shared_memory_per_block_optin=64 * 1024,
        shared_memory_per_multiprocessor=64 * 1024,
        L2_cache_size=4 * 2**20,
        is_integrated=0,
        gcnArchName="",
        uuid="GPU-0",
    )
    answers: dict[str, Any] = {
        "device_count": 1,
        "current_device": 0,
        "get_device_capability": capability,
        "get_device_name": name,
        "get_device_properties": properties,
        "mem_get_info": (memory - 2**29, memory),
        "is_initialized": True,
        "is_bf16_supported": capability >= (8, 0),
        "memory_stats": {},
        "get_rng_state": torch.zeros(16, dtype=torch.uint8),
        "get_rng_state_all": [],
    }
    answers.update(dict.fromkeys(_COUNTERS.split(), 0))
    answers.update(dict.fromkeys(_ACTIONS.split()))
    for query, answer in answers.items():
        setattr(torch.cuda, query, _constant(answer))
    for query in ("Stream", "Event", "current_stream", "default_stream", "stream", "device"):
        setattr(torch.cuda, query, _Stream)
    torch.version.cuda = torch.version.cuda or "12.4"
    torch._C._cuda_getCurrentRawStream = _constant(0)


_COUNTERS = "max_memory_allocated memory_allocated max_memory_reserved memory_reserved"
_ACTIONS = (
    "_lazy_init init synchronize empty_cache set_device reset_peak_memory_stats ipc_collect "
    "manual_seed manual_seed_all set_rng_state set_rng_state_all"
)


def _constant(answer: Any) -> Any:
    return lambda *args, **kwargs: answer


class _Stream(contextlib.AbstractContextManager):  # type: ignore[type-arg]
    """A stream, an event, or a device: does nothing, in any order."""

    cuda_stream = device = idx = index = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __exit__(self, *error: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return _constant(None)


def _place_in_ram() -> None:
    # torch remembers these functions when it is first asked, for ``with torch.device("meta")``:
    # asked after they were replaced, it would no longer know them.
    _device_constructors()
    for name in _FACTORIES.split():
        setattr(torch, name, _on_cpu(getattr(torch, name)))
    torch.Tensor.to = _moved(torch.Tensor.to)
    torch.nn.Module.to = _moved(torch.nn.Module.to)
    torch.Tensor.cuda = torch.nn.Module.cuda = lambda self, *args, **kwargs: self


def _on_cpu(factory: Any) -> Any:
    def made(*args: Any, **kwargs: Any) -> Any:
        if "device" in kwargs:
            kwargs["device"] = _place(kwargs["device"])
        if kwargs.get("pin_memory"):
            kwargs["pin_memory"] = False
        return factory(*args, **kwargs)

    made.__name__ = factory.__name__
    return made


def _moved(to: Any) -> Any:
    def moved(self: Any, *args: Any, **kwargs: Any) -> Any:
        if "device" in kwargs:
            kwargs["device"] = _place(kwargs["device"])
        return to(self, *map(_place, args), **kwargs)

    return moved


def _place(value: Any) -> Any:
    """The CPU for a CUDA device however it is spelled; everything else as it is."""
    is_index = isinstance(value, int) and not isinstance(value, bool)
    is_named = isinstance(value, (str, torch.device)) and str(value).startswith("cuda")
    return _CPU if is_index or is_named else value
