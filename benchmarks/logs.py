"""What reading a log costs: CPU for each MB, over logs made here. 10 ms are 100 MB/s."""

from __future__ import annotations

import io
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .figure import Figure

SIZE = 24_000_000  # bytes of each log
LIMIT = 10.0  # ms of CPU for each 10^6 bytes


def measure(root: Path, rounds: int) -> Iterator[Figure]:
    """One figure for each kind of log, all rules looked for; the kinds take turns."""
    sys.path.insert(0, str(root))
    from gemma_compat._explain.explain import explain_log

    logs = {name: _log(make) for name, make in _KINDS.items()}
    logs[_BINARY] = random.Random(0).randbytes(SIZE // 8) * 8
    costs: dict[str, list[float]] = {name: [] for name in logs}
    for _ in range(max(3, rounds // 3)):
        for name, data in logs.items():
            start = time.process_time()
            explain_log(io.BytesIO(data))
            costs[name].append((time.process_time() - start) * 1e9 / len(data))
    for name, seen in costs.items():
        cost = statistics.median(seen)
        yield Figure(f"CPU for a MB of {name}", cost, LIMIT, "ms", f"{1000 / cost:.0f} MB/s")


def _log(line: Callable[[random.Random, int], str]) -> bytes:
    """Lines until the size is reached, the same in every run."""
    dice, size = random.Random(0), 0
    lines: list[str] = []
    while size < SIZE // 8:
        lines.append(line(dice, len(lines)))
        size += len(lines[-1])
    return ("".join(lines) * 8).encode()


def _run(dice: random.Random, step: int) -> str:
    if step % 3 == 0:
        bar = f"{step % 100:3d}%|{'#' * (step % 10):<10}| {step}/90000"
        return f"\r{bar} [00:{step % 60:02d}<1:00:00]\n"
    loss, norm = dice.random(), dice.random()
    return f"{{'loss': {loss:.4f}, 'grad_norm': {norm:.6f}, 'epoch': {step / 9000:.2f}}}\n"


def _logger(dice: random.Random, step: int) -> str:
    name = dice.choice(("transformers.trainer", "accelerate.utils.other", "trl.trainer.utils"))
    text = dice.choice(
        ("Saving model checkpoint to ./out", "Gradient accumulation steps = 8", "model is loaded")
    )
    return f"2026-01-01 10:{step % 60:02d}:00,{step % 1000:03d} - INFO - {name} - {text}-{step}\n"


def _tracebacks(dice: random.Random, step: int) -> str:
    frame = (
        f'  File "/usr/lib/python3.11/site-packages/torch/nn/modules/module.py", line {step}, in'
    )
    call = "_call_impl\n    return forward_call(*args, **kwargs)\n"
    end = f"RuntimeError: shape mismatch at step {step}\n" if step % 20 == 0 else ""
    return f"{frame} {call}{end}"


def _words(dice: random.Random, step: int) -> str:
    return f"loss {step / 7:.3f} lr 2e-05 "


def _json(dice: random.Random, step: int) -> str:
    return f'{{"step": {step}, "loss": {dice.random():.4f}, "grad_norm": 1.5, "text": "a b"}}, '


def _base64(dice: random.Random, step: int) -> str:
    return "".join(dice.choices(_ALPHABET, k=76))


def _hexadecimal(dice: random.Random, step: int) -> str:
    return f"{dice.getrandbits(256):064x}\n"


_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_KINDS = {
    "a run's log (losses, progress bars)": _run,
    "a log of Python's logging": _logger,
    "one line of base64": _base64,
    "tracebacks without end": _tracebacks,
    "one line of words": _words,
    "one line of JSON": _json,
    "lines of hexadecimal digits": _hexadecimal,
}
_BINARY = "a binary file"
