"""Run many cases in parallel: none may raise, take five seconds, or need 200 MiB.

    python -m tests.fuzz.run --cases 1000000 --processes 2 --seed 0

A case that fails prints its seed; ``python -m tests.fuzz.run --only SEED`` runs it by itself.
"""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from . import cases

# Seconds of the processor for one case, since other processes may hold it; KiB of one process.
LONGEST, LARGEST = 5.0, 200 << 10
CHUNK = 1000


class TooLong(BaseException):
    """Not an ``Exception``: a probe boundary must not take it for an answer."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int)
    options = parser.parse_args(arguments)
    if options.only is not None:
        print(cases.run(options.only))
        return 0
    begun = time.monotonic()
    starts = range(options.seed, options.seed + options.cases, CHUNK)
    chunks = [(start, min(CHUNK, options.seed + options.cases - start)) for start in starts]
    with ProcessPoolExecutor(options.processes) as pool:
        results = list(pool.map(run_chunk, chunks))
    failures = [line for _, lines, _ in results for line in lines]
    kinds = sum((kinds for kinds, _, _ in results), Counter())
    peak = max(peak for _, _, peak in results)
    seconds = time.monotonic() - begun
    print(f"{kinds.total()} cases in {seconds:.0f} s, {peak >> 10} MiB at most: {dict(kinds)}")
    print("\n".join(failures[:20]) or "no case failed")
    return 1 if failures or peak > LARGEST else 0


def run_chunk(chunk: tuple[int, int]) -> tuple[Counter[str], list[str], int]:
    """Kinds of cases, what failed, and the peak of this process in KiB."""
    start, count = chunk
    signal.signal(signal.SIGPROF, _too_long)
    kinds: Counter[str] = Counter()
    failures = []
    for seed in range(start, start + count):
        signal.setitimer(signal.ITIMER_PROF, LONGEST)
        try:
            kinds[cases.run(seed)] += 1
        except (Exception, TooLong):
            kinds["failed"] += 1
            failures.append(f"seed {seed}: " + traceback.format_exc(limit=-3))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    return kinds, failures, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _too_long(*_: Any) -> None:
    raise TooLong(f"more than {LONGEST:g} s")


if __name__ == "__main__":
    sys.exit(main())
