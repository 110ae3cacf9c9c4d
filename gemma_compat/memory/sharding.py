"""Compute what DDP, FSDP and ZeRO change: the share that a rank holds, and added buffers.

DDP and FSDP2 were measured (``docs/measurements/real.md``). ZeRO's bytes are those of DeepSpeed's
``estimate_zero2_model_states_mem_needs`` and ``estimate_zero3_model_states_mem_needs``.
"""

from __future__ import annotations

from ..values import Value
from .setup import Setup
from .shape import Shape
from .weights import trained_numbers, weight_bytes

_ZERO_BUCKET = 500_000_000  # numbers: DeepSpeed's defaults for reduce_bucket_size and allgather
_FLOAT32 = 4


class Shares(Value):
    """What one rank holds.

    Attributes:
        weights, gradients, optimizer: factors of what one GPU alone would hold: 1 for all of it,
            1 divided by the ranks for a share, twice that for a share that is kept in float32
            where one GPU would keep 16 bits.
        between: the same factor, of the gradients that stay between micro-batches.
        master: bytes of a float32 copy of the trained weights.
        buffers: bytes that the method adds.
    """

    weights: float = 1.0
    gradients: float = 1.0
    optimizer: float = 1.0
    between: float = 1.0
    master: int = 0
    buffers: int = 0


def shares(shape: Shape, setup: Setup) -> Shares:
    """Return what one of ``setup.ranks`` GPUs holds."""
    if setup.spread == "ddp":
        # Buckets beside the gradients, as accelerate leaves it (gradient_as_bucket_view=False).
        return Shares(buffers=trained_numbers(shape, setup) * _width(setup))
    if setup.spread == "fsdp":
        return _fsdp(shape, setup)
    if setup.spread.startswith("zero"):
        return _zero(shape, setup, int(setup.spread[-1]))
    return Shares()


def _fsdp(shape: Shape, setup: Setup) -> Shares:
    """Return FSDP's shares. Two layers and the embeddings are whole at a time: the layer in use
    and the next.

    Between micro-batches accelerate does not reduce the gradients, so they stay whole. With mixed
    precision it keeps the shards of trained weights in float32.
    """
    part = 1 / max(1, setup.ranks)
    held = part * (_FLOAT32 / _width(setup) if setup.autocast else 1)
    table = shape.embedding * setup.width
    layer = (weight_bytes(shape, setup) - table) // max(1, len(shape.layers))
    return Shares(
        weights=held if setup.adapter is None else part,
        gradients=held,
        optimizer=held,
        buffers=2 * layer + table,
    )


def _zero(shape: Shape, setup: Setup, stage: int) -> Shares:
    """Return ZeRO's shares: stage 1 splits the optimizer's state, 2 the gradients too, 3 all."""
    part = 1 / max(1, setup.ranks)
    trained = trained_numbers(shape, setup)
    held = part * (_FLOAT32 / _width(setup) if setup.autocast else 1)
    bucket = min(_ZERO_BUCKET, trained) * setup.width * 2
    return Shares(
        weights=part if stage == 3 else 1.0,
        gradients=held if stage >= 2 else 1.0,
        between=held if stage >= 2 else 1.0,
        optimizer=held,
        master=int(part * trained * _FLOAT32) if setup.autocast else 0,
        buffers=bucket + (shape.embedding * setup.width if stage == 3 else 0),
    )


def _width(setup: Setup) -> int:
    """Return the bytes of one trained number."""
    return setup.width if setup.adapter is None else setup.adapter.width
