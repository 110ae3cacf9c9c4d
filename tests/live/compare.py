"""Is a patched model the same network? Reference runs, and differences from them.

The reference is what generation computes: eval mode, the cache on, no dropout, no checkpointing.
A run is its loss and the gradient of every trainable parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from .. import tiny

torch.set_num_threads(1)  # tensors are tiny: more threads only wait for each other

Batch = Mapping[str, torch.Tensor]

# The decoder's attention projections; the towers have modules of the same names.
_LORA_TARGETS = r"(?!.*(vision|audio)).*layers\.\d+\.self_attn\.(q|k|v|o)_proj"


@dataclass(frozen=True, eq=False)
class Run:
    """One forward and backward.

    Attributes:
        loss: as the model returned it.
        grads: by parameter name, for every parameter that asks for one; ``None`` where the
            backward pass never came to it.
    """

    loss: float
    grads: dict[str, torch.Tensor | None]


@dataclass(frozen=True)
class Differences:
    """How far a run is from the expected one.

    Attributes:
        loss: absolute difference.
        min_cosine: worst cosine between two gradients of one parameter (1 is best).
        max_norm_error: worst ``|norm / expected norm - 1|``.
        missing: parameters that should have a gradient and have none.
        extra: parameters that have a gradient and should have none.
    """

    loss: float
    min_cosine: float
    max_norm_error: float
    missing: tuple[str, ...]
    extra: tuple[str, ...]

    def are_none(self) -> bool:
        """Whether these are the same network, within rounding."""
        return (
            self.loss <= 1e-5
            and self.min_cosine >= 0.9999
            and self.max_norm_error <= 1e-3
            and not self.missing
            and not self.extra
        )


def make(name: str, attn: str = "eager", lora: bool = False, **changes: Any) -> Any:
    """A tiny model, with a LoRA adapter (not zero, no dropout) on its attention if asked for."""
    model = tiny.build(name, attn=attn, **changes)
    return add_lora(model) if lora else model


def add_lora(model: Any) -> Any:
    """The model under PEFT; equal adapters for equal models."""
    from peft import LoraConfig, get_peft_model

    adapter = LoraConfig(r=4, lora_alpha=8, lora_dropout=0.0, target_modules=_LORA_TARGETS)
    model = get_peft_model(model, adapter)
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return model


def reference(
    name: str, attn: str = "eager", lora: bool = False, batch: Batch | None = None, **changes: Any
) -> Run:
    """The right answer: an unpatched model in eval mode with its cache on."""
    model = make(name, attn, lora, **changes).eval()
    return run(model, tiny.batch(name) if batch is None else batch, use_cache=True)


def run(model: Any, batch: Batch, **kwargs: Any) -> Run:
    """One forward and backward from cleared gradients, in the mode that the model is in."""
    model.zero_grad(set_to_none=True)
    loss = model(**batch, **kwargs).loss
    loss.backward()
    return Run(loss.item(), gradients(model))


def gradients(model: Any) -> dict[str, torch.Tensor | None]:
    """A copy of the gradient of every trainable parameter."""
    return {
        name: None if parameter.grad is None else parameter.grad.detach().double().clone()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }


def differences(expected: Run, got: Run) -> Differences:
    """Parameter by parameter. Raises ``ValueError`` if the two train different parameters."""
    if expected.grads.keys() != got.grads.keys():
        odd = sorted(expected.grads.keys() ^ got.grads.keys())
        raise ValueError(f"trainable in one run only: {odd[:4]}")
    wanted = {name for name, grad in expected.grads.items() if grad is not None}
    found = {name for name, grad in got.grads.items() if grad is not None}
    pairs = [(expected.grads[name], got.grads[name]) for name in sorted(wanted & found)]
    return Differences(
        loss=abs(expected.loss - got.loss),
        min_cosine=min((_cosine(*pair) for pair in pairs), default=1.0),
        max_norm_error=max((_norm_error(*pair) for pair in pairs), default=0.0),
        missing=tuple(sorted(wanted - found)),
        extra=tuple(sorted(found - wanted)),
    )


def one_line(found: Differences) -> str:
    """The figures that a person looks at first."""
    return (
        f"loss off by {found.loss:.2g}, worst gradient cosine {found.min_cosine:.6f}, "
        f"{len(found.missing)} gradients missing, {len(found.extra)} extra"
    )


def assert_same(expected: Run, got: Run) -> None:
    """Fail with the differences unless both runs are of the same network."""
    found = differences(expected, got)
    assert found.are_none(), found


def assert_differs(expected: Run, got: Run) -> None:
    """Fail unless there is a defect that no rounding explains."""
    found = differences(expected, got)
    far = found.loss > 1e-3 or found.min_cosine < 0.99 or found.missing or found.extra
    assert far, found


def _cosine(one: torch.Tensor, other: torch.Tensor) -> float:
    if not one.any() and not other.any():
        return 1.0
    return torch.nn.functional.cosine_similarity(one.flatten(), other.flatten(), dim=0).item()


def _norm_error(expected: torch.Tensor, got: torch.Tensor) -> float:
    if not expected.any():
        return 0.0 if not got.any() else float("inf")
    return abs(got.norm().item() / expected.norm().item() - 1)


def graph(model: Any) -> dict[str, Any]:
    """What a patch could change, in a form that compares with ``==``.

    For every module its class and the entries of its ``__dict__``, hooks and checkpoint
    functions included: plain values and containers as they are, configs by their fields,
    everything else by identity.
    """
    return {
        path: (type(module), {key: _entry(value) for key, value in vars(module).items()})
        for path, module in model.named_modules()
    }


def _entry(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if hasattr(value, "to_dict") and hasattr(value, "model_type"):
        fallback = vars(type(value)).get("__getattr__")  # what GC601 gives the class
        fields = {key: _entry(inner) for key, inner in vars(value).items()}
        return type(value), fallback, fields
    if isinstance(value, dict):
        return {key: _entry(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_entry(inner) for inner in value]
    if isinstance(value, set):
        return sorted(map(repr, value))
    return id(value)
