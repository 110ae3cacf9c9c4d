"""Runs the parts, each in a process of its own, and keeps the file whole after every record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .options import Options, environment, plain, short
from .parts import PARTS

_MARK = "@@ "  # begins a line that is a record; libraries print to stdout too
_GRACE = 15  # seconds beyond its time after which a part is killed
_SCHEMA = 1


def run(out: Path, names: Sequence[str], options: Options, limit: float) -> dict[str, Any]:
    """Run the parts in order within ``limit`` seconds; the document that ``out`` then holds."""
    started = time.monotonic()
    document: dict[str, Any] = {
        "schema_version": _SCHEMA,
        "device": options.device,
        "tiny": options.tiny,
        "date": time.strftime("%Y-%m-%d"),
        "parts": {},
    }
    for name in names:
        left = limit - (time.monotonic() - started)
        part: dict[str, Any] = {"records": []}
        document["parts"][name] = part
        if left < 10:
            part["error"] = "not started: out of time"
            continue
        seconds = min(PARTS[name].seconds, left)
        _say(f"{name}: up to {seconds:.0f} s")
        _supervise(name, options, seconds, part, partial(_write, out, document))
        document["seconds"] = round(time.monotonic() - started, 1)
        _write(out, document)
    _write(out, document)
    return document


def _supervise(
    name: str, options: Options, seconds: float, part: dict[str, Any], save: Callable[[], None]
) -> None:
    """Start the part and collect its records until it ends or is killed."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.gpu", "part", name, f"--seconds={seconds}"]
        + ["--device", options.device, *(["--tiny"] if options.tiny else [])]
        + [f"--where={where}" for where in options.where],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    timer = threading.Timer(seconds + _GRACE, process.kill)
    timer.start()
    for line in process.stdout or ():
        if line.startswith(_MARK):
            record = json.loads(line.removeprefix(_MARK))
            _say(f"{name}: {_brief(record)}")
            part["records"].append(record)
            save()
    status = process.wait()
    timer.cancel()
    part["seconds"] = round(time.monotonic() - began, 1)
    if status:
        late = part["seconds"] >= seconds + _GRACE
        part["error"] = f"killed after {seconds:.0f} s" if late else f"exit status {status}"
    failure = next((r["failed"] for r in part["records"] if "failed" in r), None)
    if failure:
        part["error"] = failure


def run_part(name: str, options: Options, seconds: float) -> int:
    """Run one part here and print its records; what ends it is the last of them."""
    options.end = time.monotonic() + seconds
    try:
        for record in PARTS[name].measure(options):
            print(_MARK + json.dumps(plain(record), allow_nan=False, default=str), flush=True)
    except Exception as error:  # probe boundary: the other parts still run
        import traceback

        traceback.print_exc()
        print(_MARK + json.dumps({"failed": short(error)}), flush=True)
    return 0


def _write(out: Path, document: dict[str, Any]) -> None:
    """Replace the file as a whole, so that an interrupted run leaves a readable one."""
    unfinished = out.with_name(out.name + ".part")
    unfinished.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    os.replace(unfinished, out)


def _brief(record: dict[str, Any]) -> str:
    return json.dumps(record)[:160]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
