"""A known error in the midst of any kind of noise is found, at its line."""

from __future__ import annotations

import io
import random

import pytest

from benchmarks.logs import _KINDS, _NOISE
from gemma_compat._explain.read_log import LogReading, read_log

KINDS = _KINDS | _NOISE
ERRORS = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total",
    "RuntimeError: DataLoader worker (pid 4) is killed by signal: Killed.",
    "OSError: [Errno 28] No space left on device",
)


def read(text: str) -> LogReading:
    return read_log(io.BytesIO(text.encode()), ())


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("error", ERRORS)
def test_it_is_found(kind: str, error: str) -> None:
    dice = random.Random(kind)
    noise = "".join(KINDS[kind](dice, step) for step in range(2500))[:300_000]
    before, after = noise[: len(noise) // 2], noise[len(noise) // 2 :]
    alone = set(read(error).general)
    reading = read(f"{before}\n{error}\n{after}")
    line = before.count("\n") + 2
    found = {name for name, hits in reading.general.items() if line in {h.line for h in hits}}
    assert alone and found == alone
    assert not alone & read(noise).general.keys()
