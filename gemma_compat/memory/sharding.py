"""Compute what DDP, FSDP and ZeRO change: the share that a rank holds, and added buffers."""

from __future__ import annotations

from dataclasses import dataclass

from .setup import Setup
from .shape import Shape
from .weights import trained_numbers, weight_bytes

_ZERO_BUCKET = 500_000_000  # numbers: DeepSpeed's defaults for reduce_bucket_size and allgather


@dataclass(frozen=True)
class Shares:
    """What one rank holds.

    Attributes:
        weights, gradients, optimizer: the rank's share of each; 1 for all of it.
        buffers: bytes that the method adds.
    """

    weights: float = 1.0
    gradients: float = 1.0
    optimizer: float = 1.0
    buffers: int = 0


def shares(shape: Shape, setup: Setup) -> Shares:
    """Return what one of ``setup.ranks`` GPUs holds."""
    ranks = max(1, setup.ranks)
    part = 1 / ranks
    width = setup.width if setup.adapter is None else setup.adapter.width
    gradients = trained_numbers(shape, setup) * width
    if setup.spread == "ddp":
        return Shares(buffers=gradients)  # buckets beside the gradients, as accelerate leaves it
    if setup.spread == "fsdp":
        # Two layers and the embeddings are whole at a time: the one in use and the next. So is
        # the embeddings' gradient, from the loss until it is reduced at the end.
        layer = weight_bytes(shape, setup) // max(1, len(shape.layers))
        matrices = 1 if setup.adapter is not None else 2
        whole = 2 * layer + matrices * shape.embedding * setup.width
        return Shares(part, part, part, whole)
    if setup.spread.startswith("zero"):
        stage = int(setup.spread[-1])
        bucket = min(_ZERO_BUCKET, trained_numbers(shape, setup)) * setup.width * 2
        whole = shape.embedding * setup.width if stage == 3 else 0
        return Shares(
            weights=part if stage == 3 else 1.0,
            gradients=part if stage >= 2 else 1.0,
            optimizer=part,
            buffers=bucket + whole,
        )
    return Shares()
