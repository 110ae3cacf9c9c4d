"""The axes, the cells that they span, and which of them a run visits.

The whole visits, for each subject, every combination of how it is checkpointed, cached and trained;
attention, kind of batch, loop and content rotate with it. ``everything()`` is the full product,
some fifteen times as many.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from . import batches
from .subjects import Subject, subjects

AXES: dict[str, tuple[str, ...]] = {
    "checkpointing": (
        "off",
        "reentrant",
        "non-reentrant",
        "wrapper reentrant",
        "wrapper non-reentrant",
        "attention wrapper reentrant",
    ),
    "cache": ("on", "off"),
    "attention": ("eager", "sdpa", "flex_attention", "flash_attention_2"),
    "training": ("full", "lora", "prefix"),
    "batch": batches.KINDS,
    "loop": ("plain", "trainer"),
    "content": ("text", "image"),
}


@dataclass(frozen=True, order=True)
class Cell:
    """One way of training one subject: a value of each of :data:`AXES`."""

    subject: str
    checkpointing: str = "off"
    cache: str = "on"
    attention: str = "eager"
    training: str = "full"
    batch: str = "padded"
    loop: str = "plain"
    content: str = "text"

    @property
    def key(self) -> str:
        """``gemma3 / off / on / eager / full / padded / plain / text``."""
        return " / ".join(asdict(self).values())

    @property
    def model(self) -> Subject:
        """The subject that it names."""
        return Subject(*self.subject.split("+"))

    def is_possible(self) -> bool:
        """Return whether anybody could train so: no images for a text model, for example."""
        kind = self.model.model_type
        if self.content == "image" and not batches.can_hold_images(kind):
            return False
        if kind in batches.HEADLESS and (self.loop, self.training) != ("plain", "full"):
            return False
        if kind == "diffusion_gemma" and self.batch != "long":
            return False
        if batches.is_encoder_decoder(kind) and "prefix" in self.training:
            return False
        alone = batches.is_encoder_decoder(kind) or self.training == "prefix"
        return not (self.batch == "packed" and (alone or self.content == "image"))


def whole() -> list[Cell]:
    """Return the cells of `make confusion`: all that matters crossed, the rest in rotation."""
    return list(dict.fromkeys(_rotated(subjects())))


def _rotated(found: Iterable[Subject]) -> Iterator[Cell]:
    crossed = ("checkpointing", "cache", "training")
    rotating = [name for name in AXES if name not in crossed]
    turns = list(itertools.product(*(AXES[name] for name in rotating)))
    for number, subject in enumerate(found):
        if subject.name == "gemma3_text":
            yield Cell(subject.name, cache="off", attention="flex_attention", batch="long")
        combinations = itertools.product(*(AXES[name] for name in crossed))
        for place, values in enumerate(combinations):
            chosen = dict(zip(crossed, values, strict=True))
            for turn in range(len(turns)):  # the first turn from here on that is possible
                others = turns[(number + place * 7 + turn) % len(turns)]
                cell = Cell(subject.name, **chosen, **dict(zip(rotating, others, strict=True)))
                if cell.is_possible() and _is_here(cell):
                    yield cell
                    break


def _is_here(cell: Cell) -> bool:
    """Flash needs a GPU. Flex compiles for long and has no backward pass on a CPU: met once."""
    if cell.attention == "flash_attention_2":
        import torch

        return bool(torch.cuda.is_available())
    return cell.attention != "flex_attention"


def everything() -> list[Cell]:
    """Return the full product of the axes, for every subject."""
    found = []
    for subject in subjects():
        for values in itertools.product(*AXES.values()):
            chosen = dict(zip(AXES, values, strict=True))
            cell = Cell(subject.name, **chosen)
            if cell.is_possible() and _is_here(cell):
                found.append(cell)
    return found


def slice_of(every: int) -> list[Cell]:
    """Return each n-th cell of the whole, spread over all subjects: the part in `make test`."""
    return whole()[::every]
