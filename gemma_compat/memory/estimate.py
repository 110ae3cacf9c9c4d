"""Estimate the peak memory of a training step.

    >>> result = estimate(read_shape(config), Setup(rows=1, tokens=2048, checkpointing=True))
    >>> round(result.total / 2**30, 1)

The peak is the largest of four moments of a step: the loss (logits and their gradients), a layer
that is recomputed, the end of the backward pass (all gradients), and the optimizer's step. The step
is not the first one, so the optimizer's state exists. ``docs/measurements/memory.md`` compares the
figures with measured ones.
"""

from __future__ import annotations

from ..values import Value
from .layers import Count, mask_bytes, outside, stream_width
from .optimizers import State, state
from .setup import Setup
from .shape import Shape
from .sharding import Shares, shares
from .weights import (
    adapter_numbers,
    occupied,
    saved_numbers,
    tensors,
    trained_numbers,
    weight_bytes,
)

# CUDA's context and the kernels that a training step loads; measured on an H200 (driver 580).
CUDA = 766 << 20
_TILE = 4096 * 32768  # numbers of a tile of logits in TRL's chunked loss


class Part(Value):
    """One part of the peak.

    Attributes:
        name: ``weights``, ``logits`` and so on.
        bytes: its size.
        note: what it is made of, as a text.
    """

    name: str
    bytes: int
    note: str = ""


class Estimate(Value):
    """Bytes on one GPU.

    Attributes:
        parts: what the peak is made of; their sum is ``total``.
        moment: which moment is the peak: ``loss``, ``layer``, ``gradients`` or ``optimizer``.
        allocated: of ``total``, what torch has allocated: the figure of ``max_memory_allocated``.
        margin: of ``total``, what torch's allocator may hold beyond it in freed blocks.
        paged: bytes of state that can move to the CPU's memory.
    """

    parts: tuple[Part, ...]
    moment: str
    allocated: int
    margin: int
    paged: int = 0

    @property
    def total(self) -> int:
        """Return the bytes that the run takes: torch's peak, the allocator's margin, CUDA's
        context.
        """
        return self.allocated + self.margin + CUDA

    @property
    def least(self) -> int:
        """Return the bytes below which it cannot run: the total without the allocator's margin."""
        return self.allocated + CUDA


def estimate(shape: Shape, setup: Setup) -> Estimate:
    """Return the peak memory of one training step on one GPU.

    Args:
        shape: the sizes of the model, from :func:`read_shape`.
        setup: how the run trains.

    Returns:
        the parts in bytes. The step is the second or a later one, so the optimizer has its state.
    """
    ledger = _Ledger(shape, setup)
    moments = {
        "loss": ledger.loss(),
        "layer": ledger.layer(),
        "gradients": ledger.end(),
        "optimizer": ledger.step(),
    }
    moment = max(moments, key=lambda name: sum(moments[name].values()))
    peak = moments[moment]
    allocated = sum(peak.values())
    margin = _margin(shape, setup, allocated)
    notes = _notes(shape, setup)
    parts = [Part(name, size, notes.get(name, "")) for name, size in peak.items() if size]
    parts.append(Part("cuda", CUDA, "CUDA's context and kernels"))
    parts.append(Part("allocator", margin, "freed blocks that torch cannot use at once"))
    return Estimate(tuple(parts), moment, allocated, margin, ledger.optimizer.paged)


class _Ledger:
    """Compute the sizes that the four moments share."""

    def __init__(self, shape: Shape, setup: Setup) -> None:
        self.shape, self.setup = shape, setup
        self.rows = setup.rows * setup.tokens
        self.shares: Shares = shares(shape, setup)
        self.optimizer: State = state(shape, setup)
        self.trained = setup.adapter is None
        adapter = setup.adapter
        self.adapter = (adapter_numbers(shape, setup) + saved_numbers(shape, setup)) * (
            adapter.width if adapter else 0
        )
        width = adapter.width if adapter else setup.width
        self.gradients = trained_numbers(shape, setup) * width
        self.activations = self._activations()

    def standing(self) -> dict[str, int]:
        """Return what occupies memory during the whole step."""
        return {
            "weights": int(weight_bytes(self.shape, self.setup) * self.shares.weights),
            "adapter": int(self.adapter * self.shares.weights),
            "optimizer": int(self.optimizer.kept * self.shares.optimizer) + self.shares.master,
            "buffers": self.shares.buffers + self.setup.workspace + self._images(),
        }

    def loss(self) -> dict[str, int]:
        """Add the logits and their gradient; with accumulation, earlier gradients too."""
        found = {**self.standing(), "activations": self.activations, "logits": self._logits()}
        return {**found, "gradients": self._earlier()}

    def layer(self) -> dict[str, int]:
        """Add one layer in the backward pass, recomputed if it is checkpointed."""
        found = {**self.standing(), "activations": self.activations + self._recomputed()}
        return {**found, "gradients": self._earlier() + self._head_gradient()}

    def end(self) -> dict[str, int]:
        """Add all gradients, those of the embeddings as often as they exist at once.

        Autograd holds theirs as input and as output until both are there. It adds the two in place
        in float32 under autocast, else into a third. Earlier micro-batches' are one more.
        """
        table = self.shape.embedding * self.setup.width if self.trained else 0
        tables = 2 if self.setup.stream == 4 and self.setup.autocast else 3
        if not self.shape.head:
            tables = 1  # a single use
        tables += self.setup.accumulation > 1
        others = int((self.gradients - table) * self.shares.gradients)
        return {**self.standing(), "gradients": others + tables * table}

    def step(self) -> dict[str, int]:
        """Add what the optimizer allocates while it steps."""
        gradients = int(self.gradients * self.shares.gradients)
        step = int(self.optimizer.step * self.shares.optimizer)
        found = {**self.standing(), "gradients": gradients}
        found["optimizer"] += step
        return found

    def _earlier(self) -> int:
        """Return the gradients that earlier micro-batches left."""
        if self.setup.accumulation == 1:
            return 0
        return int(self.gradients * self.shares.between)

    def _head_gradient(self) -> int:
        """Return the gradient of the head, which waits for that of the embeddings."""
        trained = self.trained and self.shape.head
        return self.shape.embedding * self.setup.width if trained else 0

    def _kept(self, index: int) -> int:
        count = Count(self.shape, self.shape.layers[index], self.setup)
        return occupied(int(size * self.rows) for size in count.per_token())

    def _activations(self) -> int:
        """Return what the forward pass keeps, without the logits."""
        shape, setup = self.shape, self.setup
        total = mask_bytes(shape, setup) + int(outside(shape, setup) * self.rows)
        entry = occupied([stream_width(shape, setup) * shape.hidden * shape.streams * self.rows])
        seen: dict[object, int] = {}
        for index, layer in enumerate(shape.layers):
            if setup.checkpointing and index % setup.every == 0:
                total += entry
            else:
                if layer not in seen:
                    seen[layer] = self._kept(index)
                total += seen[layer]
        return total + self._casts()

    def _casts(self) -> int:
        """Return the copies of float32 weights in the dtype of the matrix products."""
        setup, found = self.setup, tensors(self.shape)
        if setup.stream <= setup.compute:
            return 0
        head = found.embeddings[0] * setup.compute if self.shape.head else 0
        if setup.width <= setup.compute or setup.checkpointing:
            return head
        return head + sum(found.linear) * setup.compute

    def _recomputed(self) -> int:
        """Return what a checkpointed layer keeps once it runs again, with the gradients
        inside it.
        """
        largest = max({layer: i for i, layer in enumerate(self.shape.layers)}.values())
        widest = max(self._kept(index) for index in {0, largest})
        working = occupied([6 * self.shape.layers[largest].inner * self.rows])
        return (widest if self.setup.checkpointing else 0) + working

    def _logits(self) -> int:
        """Return what the backward pass of the loss holds: log-probabilities and two float32
        gradients.
        """
        shape, setup = self.shape, self.setup
        if not shape.head:
            return 0
        head = shape.hidden * self.rows * setup.compute if self.trained else 0
        if setup.loss == "full":
            softcap = setup.compute if shape.softcap else 0
            return int((12 + softcap) * shape.vocabulary * self.rows) + head
        table = shape.embedding if self.trained else 0
        if setup.loss == "liger":  # it chooses chunks whose logits are as large as their input
            chunk = -(-self.rows // -(-shape.vocabulary // shape.hidden))
            return (table + chunk * shape.vocabulary) * setup.compute + head
        tile = min(self.rows * 32768, _TILE) * setup.compute
        hidden = 4 * shape.hidden * self.rows
        return tile + hidden + table * (4 + setup.width) + head

    def _images(self) -> int:
        """Return the pixels of a batch, and what a frozen tower keeps if its inputs need
        gradients.
        """
        total = 0
        for tower in self.shape.towers:
            count = self.setup.rows * self.setup.images
            if tower.kind != "vision" or not count:
                continue
            total += 4 * tower.pixels * count
            kept = 0
            if self.setup.checkpointing:
                kept = 2 * tower.layers + 12
            elif self.trained:
                kept = tower.layers * (24 + 8 * tower.inner // max(1, tower.hidden))
            total += kept * tower.hidden * tower.tokens * count
        return total


def _margin(shape: Shape, setup: Setup, allocated: int) -> int:
    """Return the bytes that torch's allocator may hold beyond what is allocated, at most.

    Logits come in blocks of several sizes, and one that was freed does not serve for a larger one;
    the same holds for the gradients of the embeddings. With segments that can grow
    (``expandable_segments:True``) only the first term is left.
    """
    margin = allocated // 50
    if setup.expandable:
        return margin
    if not shape.head:
        return margin + 2 * _trained_table(shape, setup)
    if setup.loss == "full":
        margin += int(1.3 * 4 * shape.vocabulary * setup.rows * setup.tokens)
    elif setup.loss == "chunked":
        margin += min(setup.rows * setup.tokens * 32768, _TILE) * setup.compute
    return margin + 2 * _trained_table(shape, setup)


def _trained_table(shape: Shape, setup: Setup) -> int:
    """Return the bytes of a gradient of the embeddings, 0 where they are not trained."""
    if setup.adapter is not None and not setup.adapter.saved:
        return 0
    return shape.embedding * (4 if setup.optimizer == "adafactor" else setup.width)


def _notes(shape: Shape, setup: Setup) -> dict[str, str]:
    """Return what the named parts of the peak are made of."""
    bits = f"{setup.bits} bits" if setup.bits else {2: "16 bits", 4: "float32"}[setup.width]
    found = {
        "weights": f"{tensors(shape).all / 1e9:.2f} billion numbers, {bits}",
        "gradients": f"{trained_numbers(shape, setup) / 1e6:.0f} million trained numbers",
        "optimizer": setup.optimizer,
        "activations": "checkpointed" if setup.checkpointing else "every layer's are kept",
        "logits": f"{setup.rows * setup.tokens} x {shape.vocabulary}, {setup.loss}",
    }
    if setup.adapter:
        found["adapter"] = f"LoRA of rank {setup.adapter.rank}"
    return found
