"""Read what PyTorch's allocator says of itself in an error of memory, in all its wordings."""

from __future__ import annotations

import re

from ....values import Value

_UNITS = {"KiB": 1 / (1 << 20), "MiB": 1 / 1024, "GiB": 1.0, "MB": 1 / 1024, "GB": 1.0}
_SIZE = r"(\d+\.?\d*) (KiB|MiB|GiB|MB|GB)"


class Allocator(Value):
    """Figures of one error, in GiB; ``None`` for what it does not state.

    Attributes:
        asked: the refused allocation.
        capacity: of the card, or the most that macOS gives the GPU.
        free: what the driver has left.
        own: what this process holds.
        held: by tensors of this process.
        unallocated: reserved by PyTorch, and held by no tensor: fragments.
        others: what other processes hold.
    """

    asked: float | None = None
    capacity: float | None = None
    free: float | None = None
    own: float | None = None
    held: float | None = None
    unallocated: float | None = None
    others: float | None = None

    @property
    def unaccounted(self) -> float:
        """Return what is used of the card and no figure of PyTorch in this process holds."""
        if self.capacity is None or self.free is None or self.held is None:
            return 0.0
        return max(0.0, self.capacity - self.free - self.held - (self.unallocated or 0.0))

    @property
    def is_fragmented(self) -> bool:
        """Return whether the fragments are larger than what was asked for, and no small part.

        On a card that is full, some hundred MiB of fragments hardly matter: the next tensor would
        fail without them.
        """
        if not self.asked or not self.unallocated:
            return False
        return self.unallocated > max(self.asked, 0.05 * (self.held or 0))


def allocator_of(message: str) -> Allocator:
    """Return the figures of a message."""
    capacity = _first(rf"(?:total capacity of|max allowed:) {_SIZE}", message)
    capacity = capacity or _first(rf"{_SIZE} total capacity", message)
    free = _first(rf"of which {_SIZE} is free", message) or _first(rf"; {_SIZE} free", message)
    own = _first(rf"this process has {_SIZE} memory in use", message)
    held = _first(rf"memory {_SIZE} is allocated by PyTorch", message)
    held = held or _first(rf"{_SIZE} already allocated", message)
    held = held or _first(rf"MPS allocated: {_SIZE}", message)
    unallocated = _first(rf"{_SIZE} is reserved by PyTorch but unallocated", message)
    reserved = _first(rf"{_SIZE} reserved in total by PyTorch", message)
    if unallocated is None and reserved is not None and held is not None:
        unallocated = max(0.0, reserved - held)
    others = None
    if None not in (capacity, free, own):
        others = max(0.0, (capacity or 0) - (free or 0) - (own or 0))
    return Allocator(
        asked=_first(rf"[Tt]ried to allocate {_SIZE}", message),
        capacity=capacity,
        free=free,
        own=own,
        held=held,
        unallocated=unallocated,
        others=others,
    )


def _first(pattern: str, message: str) -> float | None:
    found = re.search(pattern, message)
    return float(found[1]) * _UNITS[found[2]] if found else None
