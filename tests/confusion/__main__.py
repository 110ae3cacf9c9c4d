"""``make confusion RELEASES="5.24.0 4.57.6"``: visit the cells, print the numbers and the faults.

python -m tests.confusion 5.24.0                 what was not visited yet, then the numbers
python -m tests.confusion 5.24.0 --again         everything anew
python -m tests.confusion 5.24.0 --faulty        the cells that were at fault, after a rule changed
python -m tests.confusion 5.24.0 --only gemma4   cells whose key contains this
python -m tests.confusion 5.24.0 --every 20      each 20th cell
python -m tests.confusion 5.24.0 --record        the page of measurements, from the rows kept
python -m tests.confusion --drawn                the newest, 4.57.6, and two drawn by today's date

Rows are kept in .confusion, one file for each release: an interrupted run goes on. They are of the
gemma_compat that made them, so use --again after a rule has changed.
"""

from __future__ import annotations

import argparse
import datetime
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.environments import ensure_companion, ensure_overlay

from . import record, rows

ROOT = Path(__file__).resolve().parents[2]
NEWEST, LAST_OF_4 = "5.24.0", "4.57.6"
# That of the overlays of 4.x cannot put a prefix before a multimodal Gemma, and 0.16 to 0.19 not
# before a Gemma 2 or Gemma 3.
PEFT_OF_4 = "0.21.2"
# Releases of the last two years to draw from; each is a last patch of its minor release.
DRAWN_FROM = (
    "4.50.3", "4.51.3", "4.52.4", "4.53.3", "4.54.1", "4.55.4", "4.56.2",
    "5.0.0", "5.2.0", "5.3.0", "5.5.4", "5.8.1", "5.12.1", "5.17.0", "5.21.0", "5.23.0",
)  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    if options.record:
        record.write(options.releases)
        return 0
    releases = [*options.releases, *(drawn(datetime.date.today()) if options.drawn else [])]
    bad = 0
    for release in releases or [NEWEST]:
        bad += run(release, options)
    return 1 if bad else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="confusion", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("releases", nargs="*", help="of transformers")
    parser.add_argument("--drawn", action="store_true", help="the releases of make test-all")
    parser.add_argument("--again", action="store_true", help="visit what was visited, too")
    parser.add_argument("--faulty", action="store_true", help="visit what was at fault, again")
    parser.add_argument("--only", default="", metavar="TEXT", help="cells whose key contains this")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="each N-th cell")
    parser.add_argument("--record", action="store_true", help="only write the page")
    parser.add_argument("--everything", action="store_true", help="the full product of the axes")
    return parser


def drawn(today: datetime.date) -> list[str]:
    """Return the newest release, the last of 4.x, and two that change from day to day."""
    draw = random.Random(today.isoformat())
    return [NEWEST, LAST_OF_4, *draw.sample(DRAWN_FROM, 2)]


def run(release: str, options: argparse.Namespace) -> int:
    """Visit the cells of one release, print the numbers, and return how many faults there are."""
    environment = _environment(release)
    file = rows.HOME / f"{release}.jsonl"
    file.parent.mkdir(exist_ok=True)
    wanted = [key for key in _keys(environment, options) if options.only in key][:: options.every]
    known = {} if options.again else rows.read(file)
    todo = [key for key in wanted if key not in known]
    if options.faulty:
        todo += [row.cell for row in rows.faults(known.values()) if row.cell in set(wanted)]
    print(f"transformers {release}: {len(wanted)} cells, {len(todo)} to visit", flush=True)
    if todo:
        _visit(todo, environment, file)
    found = [row for key, row in rows.read(file).items() if key in set(wanted)]
    print(rows.summary(found))
    faults = rows.faults(found)
    for row in faults:
        print(f"  {row.kind}, {row.outcome}: {row.cell}")
        print(f"    before: {row.before or 'right'}; says {', '.join(row.says) or 'nothing'}")
        print(f"    after {row.patched or 'no patch'}: {row.after or 'right'}")
    return len(faults) + (len(found) != len(wanted))


def _environment(release: str) -> dict[str, str]:
    parts = [ROOT, ensure_overlay(release)]
    if release.startswith("4."):
        parts.insert(1, ensure_companion("peft", PEFT_OF_4))
    path = os.pathsep.join(map(str, parts))
    offline = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    return {**os.environ, **offline, "PYTHONPATH": path}


def _keys(environment: dict[str, str], options: argparse.Namespace) -> list[str]:
    """The cells of a release, asked of a process that has it."""
    call = "everything()" if options.everything else "whole()"
    code = f"from tests.confusion import cells; [print(c.key) for c in cells.{call}]"
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return result.stdout.splitlines()


def _visit(todo: list[str], environment: dict[str, str], file: Path) -> None:
    """Append a row for each cell; a process that dies ends the run, and a later one goes on."""
    worker = [sys.executable, "-W", "ignore", "-m", "tests.confusion.worker"]
    with file.open("a", encoding="utf-8") as made:
        subprocess.run(
            worker,
            env=environment,
            cwd=ROOT,
            input="\n".join(todo) + "\n",
            text=True,
            stdout=made,
            check=False,
        )


if __name__ == "__main__":
    sys.exit(main())
