"""Count the bytes of the weights, tensor by tensor, as bitsandbytes and PEFT leave them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from ..values import Value
from .setup import Setup
from .shape import Shape

_MIB = 1 << 20
_BLOCK, _NESTED = 64, 256  # bitsandbytes: numbers per scale, and scales per scale of scales


class Tensors(Value):
    """The model's numbers, by how they are stored.

    Attributes:
        linear: sizes of the matrices that bitsandbytes quantizes.
        embeddings: sizes of the embedding tables, which it leaves alone.
        other: sizes of everything that is not a ``Linear``: norms, experts, convolutions.
        towers: for each tower, the numbers in its matrices and those beside them.
    """

    linear: tuple[int, ...]
    embeddings: tuple[int, ...]
    other: tuple[int, ...]
    towers: tuple[tuple[int, int], ...]

    @property
    def text(self) -> int:
        """Return how many numbers the text model has."""
        return sum(self.linear) + sum(self.embeddings) + sum(self.other)

    @property
    def all(self) -> int:
        """Return how many numbers the model has."""
        return self.text + sum(linear + other for linear, other in self.towers)


@lru_cache(maxsize=8)
def tensors(shape: Shape) -> Tensors:
    """Return the sizes of all tensors of the model, by kind."""
    linear = [item.size for layer in shape.layers for item in layer.linears(shape.hidden)]
    linear += list(_beside(shape))
    embeddings = [shape.embedding] if shape.tied else [shape.embedding] * 2
    if shape.per_layer:
        embeddings.append(shape.per_layer_rows * len(shape.layers) * shape.per_layer)
    other = list(_experts(shape)) + [_norms(shape)]
    if any(tower.kind == "vision" for tower in shape.towers):
        vision = next(tower for tower in shape.towers if tower.kind == "vision")
        other.append(vision.hidden * shape.hidden)  # the projector of images
    towers = tuple((tower.linear, tower.other) for tower in shape.towers)
    return Tensors(tuple(linear), tuple(embeddings), tuple(other), towers)


def _beside(shape: Shape) -> Iterator[int]:
    """Yield the matrices that a LoRA on "all-linear" does not adapt."""
    hidden, width, count = shape.hidden, shape.per_layer, len(shape.layers)
    for layer in shape.layers:
        if width:
            yield from (hidden * width, width * hidden)
        if shape.laurel:
            yield from (hidden * shape.laurel, shape.laurel * hidden)
        if shape.streams > 1:
            yield from (hidden * shape.streams, shape.streams**3, shape.streams**2)
        if layer.experts:
            yield hidden * layer.experts.count
    if width:
        yield hidden * count * width
    for _ in range(2 * (shape.streams - 1)):
        yield hidden * hidden


def _experts(shape: Shape) -> Iterator[int]:
    """Yield the experts' tensors: one for all experts, which bitsandbytes does not quantize."""
    for layer in shape.layers:
        if layer.experts:
            yield layer.experts.count * shape.hidden * 2 * layer.experts.inner
            yield layer.experts.count * shape.hidden * layer.experts.inner


def _norms(shape: Shape) -> int:
    each = {"gemma": 2, "gemma2": 4, "gemma3": 4, "gemma3n": 8, "gemma4": 5}[shape.style]
    return shape.hidden * (each * len(shape.layers) + 1)


def weight_bytes(shape: Shape, setup: Setup) -> int:
    """Return the bytes of the loaded weights, without the adapter's."""
    return _weight_bytes(shape, setup.width, setup.bits, setup.double_quant, setup.prepared)


@lru_cache(maxsize=32)
def _weight_bytes(shape: Shape, width: int, bits: int | None, double: bool, prepared: bool) -> int:
    found = tensors(shape)
    plain = 4 if prepared else width
    total = occupied(size * plain for size in (*found.embeddings, *found.other))
    if bits is None:
        total += occupied(size * width for size in found.linear)
        return total + sum(sum(pair) * width for pair in found.towers)
    total += occupied(quantized(size, bits, double) for size in found.linear)
    return total + sum(quantized(lin, bits, double) + other * plain for lin, other in found.towers)


def quantized(numbers: int, bits: int, double: bool) -> int:
    """Return the bytes of one matrix under bitsandbytes: its weights and their scales."""
    if bits == 8:
        return numbers + 4 * (numbers // 2048)  # a scale a row; rows of about two thousand
    scales = -(-numbers // _BLOCK)
    nested = scales + 4 * -(-scales // _NESTED) + 4 * 256
    return numbers // 2 + (nested if double else 4 * scales)


def adapter_numbers(shape: Shape, setup: Setup) -> int:
    """Return how many numbers the LoRA has."""
    if setup.adapter is None:
        return 0
    return setup.adapter.rank * _adapted_widths(shape, setup.adapter.targets)


@lru_cache(maxsize=8)
def _adapted_widths(shape: Shape, targets: tuple[str, ...]) -> int:
    return sum(
        item.inputs + item.outputs
        for layer in shape.layers
        for item in layer.linears(shape.hidden)
        if item.name in targets
    )


def saved_numbers(shape: Shape, setup: Setup) -> int:
    """Return the numbers of embeddings and head, if ``modules_to_save`` trains them whole."""
    return 2 * shape.embedding if setup.adapter and setup.adapter.saved else 0


def trained_numbers(shape: Shape, setup: Setup) -> int:
    """Return how many numbers get a gradient; towers count only if batches hold images."""
    if setup.adapter is not None:
        return adapter_numbers(shape, setup) + saved_numbers(shape, setup)
    found = tensors(shape)
    return found.all if setup.images else found.text


def occupied(sizes: Iterable[int]) -> int:
    """Return the bytes that torch's allocator takes for tensors of these sizes.

    It rounds up to 512 bytes. From 10 MiB on it rounds up to 2 MiB, but splits off a rest of more
    than 1 MiB.
    """
    return sum(_occupied(size) for size in sizes)


def _occupied(size: int) -> int:
    if size >= 10 * _MIB:
        spare = -size % (2 * _MIB)
        return size + (spare if spare <= _MIB else 0)
    return size + -size % 512
