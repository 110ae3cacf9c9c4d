"""What gemma_compat costs, as ratios measured in one run: ``python benchmarks/run.py``.

Every figure is measured against its own yardstick, the two taking turns, so that a slow or busy
machine slows both. The figures go to ``docs/measurements/bench.json``, with the load of the
machine. Exit status 1 if a limit is broken, or if a ratio is more than 15% above the last committed
one. Tests assert no times; this does.
"""

from __future__ import annotations

import argparse
import compileall
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import (  # noqa: E402
    atlas,
    jobs,
    kept,
    logs,
    models,
    padding,
    peers,
    processes,
)
from benchmarks.figure import Figure  # noqa: E402

PARTS = ("processes", "models", "logs", "jobs", "atlas", "peers")
PADDED = 100  # rules beside ours


def main() -> int:
    """Measure everything, print the table; 1 if a limit is broken or a ratio has grown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="turns of each process (15)")
    parser.add_argument("--only", choices=PARTS, help="one part; the others keep their figures")
    options = parser.parse_args()
    # Else whoever runs first pays for compiling it: after an installation, or a pull.
    compileall.compile_dir(ROOT / "gemma_compat", quiet=1)
    load = kept.load()
    figures: list[Figure] = []
    print(f"{'what':<58} {'limit':>10} {'measured':>10}", flush=True)
    for part in PARTS if options.only is None else (options.only,):
        for figure in _figures(part, options.rounds):
            print(figure, flush=True)
            figures.append(figure)
    broken = [figure for figure in figures if figure.is_broken]
    grown = kept.grown(figures, kept.committed())
    kept.write(figures, load)
    print(f"{len(broken)} of {len(figures)} limits broken" if broken else "every limit holds")
    for line in grown:
        print(f"more than {kept.TOLERANCE:.0%} above the committed figure: {line}")
    return 1 if broken or grown else 0


def _make_model(folder: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.folder", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True)


def _figures(part: str, rounds: int) -> Iterator[Figure]:
    if part == "processes":
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            count = padding.count_of(ROOT / "gemma_compat") + PADDED
            for place, rules in ((Path(first), count), (Path(second), count + 100)):
                padding.make_package(ROOT / "gemma_compat", place, rules)
                padding.make_stubs(place)
            _make_model(Path(first) / "model")
            yield from processes.measure(Path(first), Path(second), count, rounds)
    elif part == "logs":
        yield from logs.measure(ROOT, rounds)
    elif part == "atlas":
        yield from atlas.measure(ROOT, rounds)
    elif part == "jobs":
        yield from jobs.measure(ROOT)
    elif part == "peers":
        yield from peers.measure(max(3, rounds // 3))
    else:
        yield from models.measure(ROOT)


if __name__ == "__main__":
    sys.exit(main())
