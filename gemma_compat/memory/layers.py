"""Count what autograd keeps of a decoder layer until the backward pass.

Each generation's list was taken from the tensors that torch saves (``saved_tensors_hooks``) while
transformers' real layers run. ``tests/live/test_memory_counts.py`` counts them again.
"""

from __future__ import annotations

from collections.abc import Iterator

from .setup import Setup
from .shape import Layer, Shape

_FLASH_WIDEST = 256  # FlashAttention takes heads up to this width; for wider ones keys are repeated


def stream_width(shape: Shape, setup: Setup) -> int:
    """Return the bytes of one number of the hidden state; AltUp makes it float32 under autocast."""
    return 4 if shape.style == "gemma3n" and setup.autocast else setup.stream


def outside(shape: Shape, setup: Setup) -> float:
    """Return the bytes kept for each token around the layers: embeddings, AltUp, the last norm."""
    trained = setup.adapter is None
    hidden = shape.hidden
    total = 4.0 * hidden + (4 * hidden if trained else 0)
    reaches_embeddings = trained or setup.checkpointing  # then inputs require a gradient
    if shape.per_layer and reaches_embeddings:
        count = len(shape.layers) * shape.per_layer
        total += count * (4 + setup.compute + (4 if trained else 0))
    if shape.streams > 1:
        each = 14.0 * hidden * (shape.streams - 1)
        total += each * (2 if reaches_embeddings else 1)
    return total


def mask_bytes(shape: Shape, setup: Setup) -> int:
    """Return the bytes of the masks that all layers of one kind share."""
    if setup.attention.startswith("flash"):
        return 0
    number = 2 if setup.attention == "eager" else 1
    kinds = {layer.sliding for layer in shape.layers}
    if setup.attention == "sdpa" and not setup.masked:
        kinds &= {True} if setup.tokens > shape.window > 0 else set()
    return len(kinds) * setup.rows * setup.tokens**2 * number


class Count:
    """Count the bytes that one layer keeps for each token."""

    def __init__(self, shape: Shape, layer: Layer, setup: Setup) -> None:
        self.shape, self.layer, self.setup = shape, layer, setup
        self.trained = setup.adapter is None
        self.width = setup.compute
        targets = () if setup.adapter is None else setup.adapter.targets
        self.targets = frozenset(targets)

    def per_token(self) -> Iterator[float]:
        """Yield the bytes of each kept tensor, for one token."""
        yield from self._attention()
        yield from self._mlp()
        yield from self._around()
        if self.layer.experts:
            yield from self._experts()

    def norm(self, width: int, *, scaled: bool = True) -> Iterator[float]:
        """Yield what RMSNorm keeps: its float32 input, and its output if its scale is trained."""
        if self.setup.liger:  # keeps its input as it is, and its scale's gradient by block
            yield self.setup.stream * width
            return
        yield 4 * width
        if self.trained and scaled:
            yield 4 * width

    def inputs(self, width: int, names: tuple[str, ...]) -> Iterator[float]:
        """Yield what the matrices of these names keep of the input that they share."""
        if self.trained:
            copies = len(names) if self.setup.stream > self.width else 1
            yield from [self.width * width] * copies
            return
        yield from self._adapted(width, [name for name in names if name in self.targets])

    def _adapted(self, width: int, names: list[str]) -> Iterator[float]:
        """Yield the inputs that LoRA matrices keep: one copy each where a cast is needed,
        else one.
        """
        adapter = self.setup.adapter
        if not names or adapter is None:
            return
        if self.setup.autocast:
            number = 2
            copied = adapter.width == 4 and self.setup.bits is None
        else:
            number = adapter.width
            copied = adapter.width != self.setup.width
        yield from [number * width] * (len(names) if copied else 1)
        yield from [number * adapter.rank] * len(names)
        if adapter.dropout:
            yield from [width] * len(names)  # the mask, a byte a number
            if not copied:
                yield from [number * width] * (len(names) - 1)

    def _attention(self) -> Iterator[float]:
        layer = self.layer
        yield from self.norm(self.shape.hidden)
        names = ("q_proj", "k_proj", "v_proj") if layer.own_keys else ("q_proj",)
        yield from self.inputs(self.shape.hidden, names)
        if self.shape.style in {"gemma3", "gemma3n", "gemma4"}:
            yield from self.norm(layer.query)
            if layer.own_keys:
                yield from self.norm(layer.keys)
                if self.shape.style != "gemma3":
                    yield from self.norm(layer.keys, scaled=False)
        yield from self._scores()
        yield from self.inputs(layer.query, ("o_proj",)) if self._out_is_copied() else ()
        if self.shape.style != "gemma":
            yield from self.norm(self.shape.hidden)

    def _out_is_copied(self) -> bool:
        """Return whether ``o_proj`` keeps another tensor than the attention's output."""
        if not self.trained:
            return "o_proj" in self.targets
        return self.setup.attention == "eager"

    def _scores(self) -> Iterator[float]:
        """Yield the queries, keys and values, and what the attention keeps beside them."""
        layer, width, tokens = self.layer, self.width, self.setup.tokens
        if self.setup.attention == "eager":
            heads = self.shape.heads
            yield from [width * layer.query] * 3
            yield from (4 * heads * tokens, 2 * heads * tokens if width == 2 else 0)
            if self.shape.attention_softcap:
                yield width * heads * tokens
            return
        repeated = self.masked or (layer.head > _FLASH_WIDEST)
        keys = layer.query if repeated else layer.keys
        yield from (width * layer.query, width * layer.query, 4 * self.shape.heads)
        if layer.own_keys or repeated:
            yield from (width * keys, width * keys)
        if self.masked:
            yield width * tokens  # the mask as numbers that are added, of every layer again

    @property
    def masked(self) -> bool:
        """Return whether sdpa gets a mask in this layer, and so keeps it."""
        if self.setup.attention != "sdpa":
            return False
        beyond = self.layer.sliding and self.setup.tokens > self.shape.window > 0
        return self.setup.masked or beyond

    def _mlp(self) -> Iterator[float]:
        inner, width = self.layer.inner, self.width
        yield from self.norm(self.shape.hidden)
        yield from self.inputs(self.shape.hidden, ("gate_proj", "up_proj"))
        yield from [width * inner] * (2 if self.setup.liger else 3)
        yield from self.inputs(inner, ("down_proj",))
        if self.layer.sparse:  # the cut-off of Gemma 3n's sparse layers
            yield width * inner
        if self.shape.style != "gemma":
            yield from self.norm(self.shape.hidden)

    def _around(self) -> Iterator[float]:
        """Yield Gemma 3n's AltUp and LAuReL, and the embeddings per layer of Gemma 3n and 4."""
        shape, width = self.shape, self.width
        if shape.style == "gemma3n":
            for _ in range(3):
                yield from self.norm(shape.hidden)
            stream = stream_width(shape, self.setup) * shape.hidden
            yield from (width * shape.hidden * shape.streams, stream * shape.streams)
            # Two norms read a slice of all streams, and so keep the others too.
            yield from [stream * (shape.streams - 1)] * 2
            if self.trained:
                yield from (width * shape.hidden, width * shape.hidden, width * shape.laurel)
        if shape.style == "gemma4" and self.trained:  # the layer's scalar, and its input's copy
            yield from (width * shape.hidden, width * shape.hidden)
        if shape.per_layer:
            yield from self.norm(shape.hidden)
            yield width * shape.per_layer
            if self.trained:
                yield from (width * shape.hidden, width * shape.per_layer, width * shape.per_layer)

    def _experts(self) -> Iterator[float]:
        experts, hidden, width = self.layer.experts, self.shape.hidden, self.width
        assert experts is not None
        yield from self.norm(hidden, scaled=False)
        for _ in range(3):
            yield from self.norm(hidden)
        visited = experts.visited
        yield from (2 * width * visited * experts.inner, width * visited * experts.inner)
        yield width * visited * hidden
        if self.trained:
            yield from (width * visited * hidden, width * visited * experts.inner, 4 * hidden)
