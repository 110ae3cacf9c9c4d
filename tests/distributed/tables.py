"""Which scenarios are run: all, those for two GPUs, and one for every test run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .. import tiny
from .scenarios import Scenario

NAMES = ("gemma3_text", "gemma3", "gemma3n_text", "gemma4_text", "gemma4")
PATCHES = ("no", "before")


def full() -> Iterator[Scenario]:
    """Every wrapper and way to checkpoint, for each model type that this release has."""
    for name in [name for name in NAMES if name in tiny.available()]:
        for patch in PATCHES:
            yield from _ddp(name, patch)
            yield from _fsdp(name, patch)


def _ddp(name: str, patch: str) -> Iterator[Scenario]:
    # Without find_unused: what the towers (and layers that borrow) do to DDP.
    yield Scenario(name, "ddp", patch=patch)
    for wrapper in ("ddp", "accelerate-ddp"):
        for checkpointing in ("no", "non-reentrant", "reentrant", "outside", "outside-reentrant"):
            if wrapper == "accelerate-ddp" and checkpointing.endswith("-reentrant"):
                continue
            plain = Scenario(name, wrapper, checkpointing, patch=patch, towers=False)
            yield plain.but(find_unused=True)


def _fsdp(name: str, patch: str) -> Iterator[Scenario]:
    for checkpointing in ("no", "non-reentrant", "reentrant", "outside", "outside-reentrant"):
        for precision in ("fp32", "fp32-policy", "bf16"):
            yield Scenario(name, "fsdp2", checkpointing, precision, patch)
    for wrapper in ("accelerate-fsdp1", "accelerate-fsdp2"):
        for checkpointing in ("no", "non-reentrant", "reentrant", "outside"):
            for precision in ("fp32", "bf16"):
                yield Scenario(name, wrapper, checkpointing, precision, patch)
        yield Scenario(name, wrapper, layer_class=False, patch=patch)


def gpu() -> Iterator[Scenario]:
    """DDP, FSDP2 and accelerate in float32 and bfloat16: those that fail alike on both ranks."""
    for name in [n for n in ("gemma3_text", "gemma3n_text", "gemma4_text") if n in tiny.available()]:
        for patch in PATCHES:
            for wrapper in ("ddp", "fsdp2", "accelerate-ddp", "accelerate-fsdp2"):
                for checkpointing in ("no", "non-reentrant", "reentrant", "outside"):
                    for precision in ("fp32", "bf16"):
                        yield Scenario(name, wrapper, checkpointing, precision, patch)


def quick() -> Iterator[Scenario]:
    """One that is broken without its cure on some release, in a second."""
    for name in [name for name in ("gemma4_text", "gemma3_text") if name in tiny.available()][:1]:
        for patch in PATCHES:
            yield Scenario(name, "fsdp2", "reentrant", "fp32-policy", patch)


TABLES: dict[str, Callable[[], Iterator[Scenario]]] = {"full": full, "gpu": gpu, "quick": quick}
