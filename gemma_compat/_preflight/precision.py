"""The dtype that a run computes in, and how far apart two correct losses in it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..live.tree import is_four_bit_layer

if TYPE_CHECKING:
    from .subject import Subject

# The largest relative difference of two losses in correct runs, measured for each dtype.
_LOSS = {"float32": 1e-4, "float16": 5e-3, "bfloat16": 1e-2}


def limit_of(precision: str) -> float:
    """Return the relative difference that two correct losses may have."""
    return _LOSS[precision]


def precision_of(subject: Subject) -> str:
    """Return the coarsest dtype of matrix products: autocast's, the weights', 4-bit layers'."""
    import torch

    device = next(subject.model.parameters()).device.type
    found = {p.dtype for p in subject.base.parameters() if p.is_floating_point()}
    with subject.precision():
        if torch.is_autocast_enabled(device):
            found.add(torch.get_autocast_dtype(device))
    layers = [module for module in subject.base.modules() if is_four_bit_layer(module)]
    found |= {layer.compute_dtype for layer in layers if layer.compute_dtype}
    for dtype in (torch.bfloat16, torch.float16):
        if dtype in found:
            return str(dtype).removeprefix("torch.")
    return "float32"
