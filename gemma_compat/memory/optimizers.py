"""Count the bytes of an optimizer's state, and what its step allocates for a moment."""

from __future__ import annotations

from ..values import Value
from .setup import Setup
from .shape import Shape
from .weights import adapter_numbers, saved_numbers, tensors


class State(Value):
    """Bytes of an optimizer's state on one GPU, before sharding.

    Attributes:
        kept: bytes that stay on the GPU from the first step on.
        paged: further bytes, which can move to the CPU's memory if the GPU's runs short.
        step: bytes allocated only while the optimizer steps.
        known: whether this optimizer is counted; if not, it is counted as AdamW.
    """

    kept: int
    paged: int = 0
    step: int = 0
    known: bool = True


_PLAIN = {"adamw_torch": 2, "adamw_torch_fused": 2, "adamw_apex_fused": 2, "adamw_hf": 2}
_ONE = {"sgd": 0, "adagrad": 1, "rmsprop": 1, "lion_32bit": 1, "paged_lion_32bit": 1}
_BITS_8 = {
    "adamw_8bit": 2,
    "adamw_bnb_8bit": 2,
    "paged_adamw_8bit": 2,
    "lion_8bit": 1,
    "paged_lion_8bit": 1,
    "ademamix_8bit": 3,
    "paged_ademamix_8bit": 3,
    "rmsprop_bnb_8bit": 1,
}
_BITS_32 = {"paged_adamw_32bit": 2, "paged_adamw": 2, "ademamix": 3, "rmsprop_bnb_32bit": 1}
NAMES = (*_PLAIN, *_ONE, *_BITS_8, *_BITS_32, "adafactor", "muon")


def state(shape: Shape, setup: Setup) -> State:
    """Return what the optimizer named in ``setup`` holds for the trained numbers."""
    name, width = setup.optimizer, _width(setup)
    small, tables, largest = _trained(shape, setup)
    numbers = small + tables
    if name == "adafactor":  # a row and a column for each matrix; works in float32
        return State(kept=numbers // 500, step=4 * 4 * largest)
    if name == "muon":  # momentum of matrices; AdamW for embeddings and the rest
        return State(kept=width * small + 2 * width * tables, step=6 * largest)
    if name in _BITS_8:
        # Tables of embeddings stay in 32 bits; a scale for each 256 numbers.
        each = _BITS_8[name]
        kept = each * (small + small // 64) + 4 * each * tables
        return State(kept=0 if "paged" in name else kept, paged=kept if "paged" in name else 0)
    if name in _BITS_32:
        kept = 4 * _BITS_32[name] * numbers
        return State(kept=0 if "paged" in name else kept, paged=kept if "paged" in name else 0)
    if name in _ONE:
        return State(kept=width * _ONE[name] * numbers)
    temporary = width * numbers if name == "adamw_torch" else 0  # torch's foreach loop
    return State(kept=2 * width * numbers, step=temporary, known=name in _PLAIN)


def _width(setup: Setup) -> int:
    return setup.width if setup.adapter is None else setup.adapter.width


def _trained(shape: Shape, setup: Setup) -> tuple[int, int, int]:
    """Return the trained numbers outside embedding tables, in them, and in the largest tensor."""
    if setup.adapter is not None:
        tables = saved_numbers(shape, setup)
        return adapter_numbers(shape, setup), tables, shape.embedding if tables else 0
    found = tensors(shape)
    towers = sum(sum(pair) for pair in found.towers) if setup.images else 0
    small = sum(found.linear) + sum(found.other) + towers
    return small, sum(found.embeddings), max((*found.embeddings, *found.other))
