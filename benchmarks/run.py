"""What gemma_compat costs, as ratios measured in one run: ``python benchmarks/run.py``.

Every figure is measured against its own yardstick, the two taking turns, so that a slow or busy
machine slows both. Exit status 1 if a limit is broken. Tests assert no times; this does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import atlas, jobs, logs, models, padding, processes  # noqa: E402
from benchmarks.figure import Figure  # noqa: E402

RULES = 100


def main() -> int:
    """Measure everything, print the table; 1 if a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="turns of each process (15)")
    parser.add_argument(
        "--only", choices=("processes", "models", "logs", "jobs", "atlas"), help="one part"
    )
    options = parser.parse_args()
    figures: list[Figure] = []
    print(f"{'what':<58} {'limit':>10} {'measured':>10}", flush=True)
    for figure in _figures(options.rounds, options.only):
        print(figure, flush=True)
        figures.append(figure)
    broken = [figure for figure in figures if figure.is_broken]
    print(f"{len(broken)} of {len(figures)} limits broken" if broken else "every limit holds")
    return 1 if broken else 0


def _figures(rounds: int, only: str | None) -> Iterator[Figure]:
    if only in (None, "processes"):
        with tempfile.TemporaryDirectory() as folder:
            padding.make_package(ROOT / "gemma_compat", Path(folder), RULES)
            padding.make_stubs(Path(folder))
            yield from processes.measure(Path(folder), RULES, rounds)
    if only in (None, "logs"):
        yield from logs.measure(ROOT, rounds)
    if only in (None, "atlas"):
        yield from atlas.measure(ROOT, rounds)
    if only in (None, "jobs"):
        yield from jobs.measure(ROOT)
    if only in (None, "models"):
        yield from models.measure(ROOT)


if __name__ == "__main__":
    sys.exit(main())
