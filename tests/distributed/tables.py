"""Which scenarios are run: all, those for two GPUs, and one for every test run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .. import tiny
from .scenarios import CHECKPOINTING, PRECISIONS, WRAPPERS, Scenario

NAMES = ("gemma3_text", "gemma3", "gemma3n_text", "gemma4_text", "gemma4")
PATCHES = ("no", "before")


def full() -> Iterator[Scenario]:
    """Every wrapper and way to checkpoint, for each model type that this release has."""
    for name in [name for name in NAMES if name in tiny.available()]:
        for patch in PATCHES:
            yield from _ddp(name, patch)
            yield from _fsdp(name, patch)


def _ddp(name: str, patch: str) -> Iterator[Scenario]:
    # What the towers, and layers that borrow keys and values, do to DDP that does not look.
    if name in {"gemma3", "gemma4"}:
        yield Scenario(name, "ddp", patch=patch)
    yield Scenario(name, "ddp", patch=patch, find_unused=True)
    for checkpointing in ("no", "non-reentrant", "reentrant", "outside", "outside-reentrant"):
        yield Scenario(name, "ddp", checkpointing, patch=patch, towers=False)
        if not checkpointing.endswith("-reentrant"):
            yield Scenario(name, "accelerate-ddp", checkpointing, patch=patch, towers=False)


def _fsdp(name: str, patch: str) -> Iterator[Scenario]:
    for checkpointing in ("no", "non-reentrant", "reentrant", "outside", "outside-reentrant"):
        for precision in ("fp32", "fp32-policy", "bf16"):
            yield Scenario(name, "fsdp2", checkpointing, precision, patch)
    for checkpointing in ("no", "non-reentrant", "reentrant", "outside"):
        for precision in ("fp32", "bf16"):
            yield Scenario(name, "accelerate-fsdp2", checkpointing, precision, patch)
    yield Scenario(name, "accelerate-fsdp2", layer_class=False, patch=patch)


def gpu() -> Iterator[Scenario]:
    """DDP, FSDP2 and accelerate in float32 and bfloat16: those that fail alike on both ranks."""
    for name in [
        n for n in ("gemma3_text", "gemma3n_text", "gemma4_text") if n in tiny.available()
    ]:
        for patch in PATCHES:
            for wrapper in ("ddp", "fsdp2", "accelerate-ddp", "accelerate-fsdp2"):
                for checkpointing in ("no", "non-reentrant", "reentrant", "outside"):
                    for precision in ("fp32", "bf16"):
                        yield Scenario(name, wrapper, checkpointing, precision, patch)


def releases() -> Iterator[Scenario]:
    """Every wrapper and every way to checkpoint, once: what is compared from release to release."""
    for name in [name for name in NAMES if name in tiny.available()]:
        for patch in PATCHES:
            for wrapper in WRAPPERS:
                for checkpointing in ("no", "non-reentrant", "reentrant", "outside"):
                    # Gemma 3n and 4 leave projections of borrowers without a gradient at first.
                    plain = Scenario(name, wrapper, checkpointing, patch=patch, towers=False)
                    unused = wrapper.endswith("ddp") and checkpointing != "reentrant"
                    yield plain.but(find_unused=unused)
            yield Scenario(name, "fsdp2", precision="bf16", patch=patch, towers=False)
            if name in {"gemma3", "gemma4"}:
                yield Scenario(name, "ddp", patch=patch)


def quick() -> Iterator[Scenario]:
    """What some release breaks without its cure, in a second or two."""
    for name in [n for n in ("gemma4_text", "gemma3n_text") if n in tiny.available()][:1]:
        yield Scenario(name, "fsdp2", "reentrant", patch="before")
    sharded = "accelerate-fsdp2" if _accelerate_has_fsdp2() else "fsdp2"
    yield Scenario("gemma3_text", sharded, "outside", patch="before")


def _accelerate_has_fsdp2() -> bool:
    """From accelerate 1.6 on."""
    from accelerate import FullyShardedDataParallelPlugin

    return hasattr(FullyShardedDataParallelPlugin, "fsdp_version")


def patched() -> Iterator[Scenario]:
    """All that the cures must make right; what only a setting can cure is left out."""
    for name in [name for name in NAMES if name in tiny.available()]:
        for order in ("before", "after"):
            # Reentrant wrappers that are there already are skipped with a reason, not refused.
            for checkpointing in CHECKPOINTING if order == "before" else CHECKPOINTING[:-1]:
                for precision in PRECISIONS:
                    yield Scenario(name, "fsdp2", checkpointing, precision, order)
            for checkpointing in ("no", "non-reentrant", "outside"):
                plain = Scenario(name, "ddp", checkpointing, patch=order, towers=False)
                yield plain.but(find_unused=True)
        for changes in ({"lora": True}, {"forwards": 2}):
            for checkpointing in ("no", "non-reentrant", "outside"):
                yield Scenario(name, "fsdp2", checkpointing, patch="before").but(**changes)


TABLES: dict[str, Callable[[], Iterator[Scenario]]] = {
    "full": full,
    "gpu": gpu,
    "releases": releases,
    "quick": quick,
    "patched": patched,
}
