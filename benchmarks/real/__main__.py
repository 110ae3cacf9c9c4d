"""``python -m benchmarks.real run``: every case on every release, then the page with its figures.

python -m benchmarks.real run        writes docs/measurements/real.json
python -m benchmarks.real render     docs/measurements/real.md and its figures, from that file
python -m benchmarks.real case NAME  one case here, as ``run`` starts it
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from . import weights

RESULTS = weights.ROOT / "docs" / "measurements" / "real.json"
_MARK = "@@ "  # begins a line that is a record; libraries print to stdout too
_NEWEST, _MIDDLE, _OLD = "5.24.0", "4.57.6", "4.50.3"
# Case, its argument, and the releases that it is run on.
PLAN = (
    ("perplexity", "", (_NEWEST,)),
    ("overflow", "", (_NEWEST, _MIDDLE, _OLD)),
    ("founding", "", (_OLD, _NEWEST)),
    ("training", "", (_NEWEST, _MIDDLE)),
    ("tokenizer", "", (_NEWEST,)),
    ("accumulation", "", (_OLD, _MIDDLE)),
    ("bidirectional", "", (_OLD, _NEWEST)),
    ("half", "", (_NEWEST,)),
    ("memory", "LoRA", (_NEWEST,)),
    ("memory", "full", (_NEWEST,)),
)


def main() -> int:
    """Run the command; return 1 if a case failed, 2 if the weights cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run")
    run.add_argument("--only", default="", help="cases, comma-separated")
    run.add_argument("--out", type=Path, default=RESULTS)
    commands.add_parser("render").add_argument("--results", type=Path, default=RESULTS)
    case = commands.add_parser("case")
    case.add_argument("name")
    case.add_argument("argument", nargs="?", default="")
    options = parser.parse_args()
    try:
        if options.command == "run":
            return _run(options.only, options.out)
        if options.command == "case":
            return _case(options.name)
    except weights.NotPossible as error:
        print(f"make real: {error}", file=sys.stderr)
        return 2
    from .render import write

    write(options.results)
    return 0


def _run(only: str, out: Path) -> int:
    """Run the plan; keep the records of cases that are not run now."""
    from tools import environments

    weights.ensure()
    chosen = [name for name in only.split(",") if name]
    document = json.loads(out.read_text(encoding="utf-8")) if chosen and out.exists() else {}
    document.setdefault("cases", {})
    failed = 0
    for name, argument, releases in PLAN:
        if chosen and name not in chosen:
            continue
        for release in releases:
            label = " ".join(filter(None, [name, argument, release]))
            weights.say(f"{label} ...")
            found = _child(name, argument, environments.ensure_overlay(release))
            failed += "failed" in found
            document["cases"][label] = found
            weights.say(f"{label}: {found.get('failed', 'done')} ({found['seconds']} s)")
            document |= {"date": time.strftime("%Y-%m-%d"), "machine": _machine()}
            _write(out, document)
    return 1 if failed else 0


def _child(name: str, argument: str, overlay: Path) -> dict[str, Any]:
    """Run one case in a process of its own; return its records, or why it ended."""
    path = os.pathsep.join([str(overlay), str(weights.ROOT)])
    offline = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "CUDA_VISIBLE_DEVICES": ""}
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.real", "case", name, argument],
        env={**os.environ, **offline, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [x for x in done.stdout.splitlines() if x.startswith(_MARK)]
    found: dict[str, Any] = {"records": [json.loads(line.removeprefix(_MARK)) for line in lines]}
    if done.returncode:
        last = ([x for x in done.stderr.splitlines() if x.strip()] or ["killed"])[-1]
        found["failed"] = last[:300]
    return {**found, "seconds": round(time.monotonic() - started)}


def _case(name: str) -> int:
    import torch
    import transformers

    from . import cases, rules

    every = cases.CASES | rules.CASES
    if name not in every:
        print(f"no such case: {name}; there are {', '.join(every)}", file=sys.stderr)
        return 2
    transformers.logging.set_verbosity_error()
    torch.manual_seed(0)
    for record in every[name]():
        print(_MARK + json.dumps(_plain(record)), flush=True)
    return 0


def _plain(value: Any) -> Any:
    """Return the value as JSON holds it: NaN and infinities become text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value - value != 0:
        return str(value)
    return value


def _machine() -> dict[str, Any]:
    """Return what a figure depends on, and nothing that names the machine."""
    from importlib.metadata import version

    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "torch": version("torch"),
        "load": round(os.getloadavg()[0], 1),
    }


def _write(out: Path, document: dict[str, Any]) -> None:
    unfinished = out.with_name(out.name + ".part")
    unfinished.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    os.replace(unfinished, out)


if __name__ == "__main__":
    sys.exit(main())
