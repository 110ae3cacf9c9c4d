"""What a lookup in the release atlas costs: a traceback of 40 frames in a fresh process."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .figure import Figure

TIME, MEMORY, SIZE = 150.0, 60.0, 9.0  # ms of CPU, MiB, MB
_CASES = Path("tests") / "atlas" / "public.json"
_CHILD = """
import json, resource, sys, time
from gemma_compat.atlas import read_off, read_tracebacks
lines = json.load(sys.stdin)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, start = peak(), time.process_time()
found = read_tracebacks(lines)
answer = read_off(found)
spent = (time.process_time() - start) * 1000
assert answer.fits and not answer.note
print(json.dumps([spent, peak() - before, sum(len(item.frames) for item in found)]))
"""


def measure(root: Path, rounds: int) -> Iterator[Figure]:
    """Time and memory of one lookup in a process of its own, and the size of what is shipped."""
    lines = _forty(json.loads((root / _CASES).read_text(encoding="utf-8")))
    seen = [_one(root, lines) for _ in range(max(3, rounds // 3))]
    frames = int(seen[0][2])
    note = f"{frames} frames of five packages"
    yield Figure(
        "CPU to look up a traceback", statistics.median(s[0] for s in seen), TIME, "ms", note
    )
    yield Figure("memory for it", max(s[1] for s in seen), MEMORY, "MiB")
    data = root / "gemma_compat" / "atlas" / "data"
    size = sum(file.stat().st_size for file in data.rglob("*.atlas")) / 1e6
    yield Figure("size of the index", size, SIZE, "MB", "as shipped; it is compressed already")


def _one(root: Path, lines: list[str]) -> list[float]:
    ran = subprocess.run(
        [sys.executable, "-c", _CHILD],
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        cwd=root,
        check=True,
    )
    found: list[float] = json.loads(ran.stdout)
    return found


def _forty(cases: list[dict[str, object]]) -> list[str]:
    """One traceback of 40 frames: those of a run through trl, transformers, peft and torch."""
    wanted = ("trl/", "transformers/trainer", "peft/", "accelerate/", "torch/nn/", "transformers/")
    frames: list[tuple[str, str]] = []
    for case in cases:
        lines = list(map(str, case["lines"]))  # type: ignore[call-overload]
        for head, code in zip(lines, lines[1:], strict=False):
            if head.startswith('  File "/') and any(part in head for part in wanted):
                frames.append((head, code))
    chosen = list(dict.fromkeys(frames))[:40]
    text = [line for frame in chosen for line in frame]
    return [*text, "ValueError: Please specify `target_modules` in `peft_config`"]
