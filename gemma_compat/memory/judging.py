"""Judge whether a run fits a card, what would fit, and the cheapest changes that make it fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..facts import Facts
from ..tables.renamed_arguments import renamed
from ..values import Value
from .estimate import Estimate, Part, estimate
from .reading import read_shape
from .setup import Adapter, Setup
from .shape import MissingFigure, Shape
from .situation import read_setup

_MIB = 1 << 20
_MOST_ROWS, _MOST_TOKENS = 4096, 1 << 20
# The driver reserves a part of NVML's `memory.total`, which torch cannot have. Torch's own
# out-of-memory messages gave the figures: 265 MiB of a T4's 15,360, 870 of an A100-80GB's.
_RESERVED, _RESERVED_MOST = 0.0175, 900


class Change(Value):
    """One change to the run that saves memory.

    Attributes:
        text: what to type.
        total: bytes that the run takes with this change and those before it.
        fits: whether the run fits then.
    """

    text: str
    total: int
    fits: bool


class Judgement(Value):
    """Whether one run fits one card, and what would.

    Attributes:
        fits: ``None`` where it is too close to call, or the card's memory is not known.
        estimate: the parts of the peak.
        available: bytes of the card that a process can have; ``None`` if not known.
        assumed: a line for each thing that nothing stated.
        changes: cheapest first, each on top of those before it, until it fits.
        rows, tokens: the largest batch at this length and the largest length of a single row
            that fit; 0 where none does, ``None`` without a card.
    """

    shape: Shape
    setup: Setup
    estimate: Estimate
    available: int | None
    assumed: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    rows: int | None = None
    tokens: int | None = None

    @property
    def fits(self) -> bool | None:
        """Return whether it fits; ``None`` if that is too close to call, or the card is unknown."""
        return fits(self.estimate, self.available)

    @property
    def total(self) -> int:
        """Return the bytes that the run takes, with the margin of torch's allocator."""
        return self.estimate.total

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return the parts of the peak."""
        return self.estimate.parts

    @property
    def largest(self) -> tuple[int | None, int | None]:
        """Return ``rows`` and ``tokens``: the largest batch, and the longest single row."""
        return self.rows, self.tokens


def fits(found: Estimate, available: int | None) -> bool | None:
    """Return ``True`` if it fits with the allocator's margin, ``False`` if not even without it."""
    if available is None:
        return None
    if found.total <= available:
        return True
    return None if found.least <= available else False


def usable(memory_total: int) -> int:
    """Return the bytes that a process can have of a card; ``memory_total`` in MiB, as NVML gives
    it.
    """
    reserved = min(memory_total * _RESERVED, _RESERVED_MOST)
    return int((memory_total - reserved) * _MIB)


def judge(model: str | Mapping[str, Any], facts: Facts) -> Judgement | None:
    """Judge whether the run that these facts describe fits the smallest of their GPUs.

    Args:
        model: a published name, or the mapping of a ``config.json``.
        facts: of the GPUs, the run, the adapter and the packages.

    Returns:
        the judgement; ``None`` if the sizes of that model are not known.

    Raises:
        UsageError: the run is impossible, such as training 4-bit weights themselves.
    """
    config = _config(model)
    if config is None:
        return None
    try:
        shape = read_shape(config)
    except MissingFigure:
        return None
    setup, assumed = read_setup(shape, config, facts)
    found = judge_setup(shape, setup, memory_of(facts), assumed)
    changes = [item.replace(text=renamed(item.text, facts)) for item in found.changes]
    return found.replace(changes=tuple(changes))


def memory_of(facts: Facts) -> int | None:
    """Return the memory of the smallest GPU in MiB; ``None`` if one is unknown or there is none."""
    gpus = facts.gpus if facts.known("gpus") else ()
    sizes = [gpu.get("memory_total") for gpu in gpus]
    return min(sizes) if sizes and all(isinstance(size, int) for size in sizes) else None


def judge_setup(
    shape: Shape, setup: Setup, memory_total: int | None, assumed: tuple[str, ...] = ()
) -> Judgement:
    """Judge whether a run fits a card.

    Args:
        shape: the sizes of the model.
        setup: how the run trains.
        memory_total: the card's memory in MiB, as NVML gives it; ``None`` if not known.
        assumed: what the caller assumed, one line each; it is passed on.
    """
    found = estimate(shape, setup)
    if memory_total is None:
        return Judgement(shape, setup, found, None, assumed)
    available = usable(memory_total)
    rows = _largest(lambda n: setup.replace(rows=n), shape, available, _MOST_ROWS)
    tokens = _largest(lambda n: setup.replace(rows=1, tokens=n), shape, available, _MOST_TOKENS)
    changes = () if fits(found, available) else tuple(_changes(shape, setup, available))
    return Judgement(shape, setup, found, available, assumed, changes, rows, tokens)


def _config(model: str | Mapping[str, Any]) -> Mapping[str, Any] | None:
    if isinstance(model, Mapping):
        return model
    from ..tables import checkpoints

    known = checkpoints.find(model)
    return None if known is None else known.config


def _largest(make: Callable[[int], Setup], shape: Shape, available: int, most: int) -> int:
    """Return the largest number that still fits, 0 if none does; above 128 in steps of 64."""

    def good(number: int) -> bool:
        return fits(estimate(shape, make(number)), available) is True

    if not good(1):
        return 0
    low, high = 1, 2
    while high <= most and good(high):
        low, high = high, 2 * high
    while high - low > max(1, low // 64):
        middle = (low + high) // 2
        low, high = (middle, high) if good(middle) else (low, middle)
    return low if low < 128 else low // 64 * 64


def _changes(shape: Shape, setup: Setup, available: int) -> Iterator[Change]:
    """Yield the changes in order until the run fits; skip one that saves nothing."""
    last = estimate(shape, setup).total
    for text, changed in _ladder(shape, setup, available):
        found = estimate(shape, changed)
        if found.total >= last:
            continue
        last, done = found.total, fits(found, available) is True
        yield Change(text, found.total, done)
        if done:
            return


def _ladder(shape: Shape, setup: Setup, available: int) -> Iterator[tuple[str, Setup]]:
    """Yield changes by what they cost: nothing, speed, exactness, then the run itself."""
    if not setup.expandable:
        setup = setup.replace(expandable=True)
        yield "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True (before torch is imported)", setup
    if setup.loss == "full":
        setup = setup.replace(loss="chunked")
        yield "a loss in chunks: SFTTrainer of trl>=1.7, or use_liger_kernel=True", setup
    if not setup.checkpointing:
        setup = setup.replace(checkpointing=True, every=1)
        yield "gradient_checkpointing=True (about a third slower)", setup
    if setup.rows > 1:
        wanted = setup.rows * setup.accumulation
        rows = _largest_rows(shape, setup, available)
        setup = setup.replace(rows=rows, accumulation=-(-wanted // rows))
        yield (
            f"per_device_train_batch_size={rows}, gradient_accumulation_steps={setup.accumulation}",
            setup,
        )
    if setup.adapter is None and "8bit" not in setup.optimizer:
        setup = setup.replace(optimizer="paged_adamw_8bit")
        yield "optim='paged_adamw_8bit'", setup
    yield from _smaller(shape, setup, available)


def _smaller(shape: Shape, setup: Setup, available: int) -> Iterator[tuple[str, Setup]]:
    if setup.adapter is None:
        setup = setup.replace(adapter=Adapter(), optimizer="adamw_torch_fused", width=2)
        yield "LoRA of rank 16 instead of all weights", setup
    if setup.bits is None:
        setup = setup.replace(bits=4, double_quant=True)
        yield "load_in_4bit=True with bnb_4bit_use_double_quant=True", setup
    tokens = _largest(lambda n: setup.replace(tokens=n), shape, available, setup.tokens)
    if tokens >= 64:
        setup = setup.replace(tokens=min(tokens, setup.tokens))
        yield f"max_length={setup.tokens}", setup
    for ranks in (2, 4, 8):
        if ranks > setup.ranks:
            sharded = setup.replace(spread="fsdp", ranks=ranks)
            yield f"FSDP over {ranks} such GPUs", sharded


def _largest_rows(shape: Shape, setup: Setup, available: int) -> int:
    return max(1, _largest(lambda n: setup.replace(rows=n), shape, available, setup.rows - 1))
