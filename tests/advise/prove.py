"""Install what is advised, and train a tiny model of that type on it: ``make advise-proof``.

Rows go to ``proof.json``, and what holds of them to ``gemma_compat/data/proven.json``. torch is the
one of this interpreter, and what needs a GPU is left out; each row says both.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.advise.questions import QUESTIONS, answer, model_type
from tools import environments

HERE = Path(__file__).resolve().parent
PROOF = HERE / "proof.json"
SHIPPED = environments.ROOT / "gemma_compat" / "data" / "proven.json"
WITH_DEPENDENCIES = ("transformers", "tokenizers", "huggingface-hub", "datasets")
ALONE = ("accelerate", "peft", "trl")


def prove(line: str) -> dict[str, Any]:
    """One row: the set, what was installed of it, and what was seen."""
    advised = answer(line)
    with_them = [f"{n}=={advised[n]}" for n in WITH_DEPENDENCIES if n in advised]
    alone = [f"{n}=={advised[n]}" for n in ALONE if n in advised]
    name = "-".join(["advise", *with_them, *alone]).replace("==", "-")
    row: dict[str, Any] = {"question": line, "advised": advised}
    try:
        overlay = environments._ensure(name, (with_them, ["--no-deps", *alone]))
    except environments.EnvironmentFailed as error:
        return {**row, "passed": False, "seen": str(error)}
    path = os.pathsep.join([str(overlay), str(environments.ROOT)])
    command = [sys.executable, "-m", "tests.advise.train", model_type(line)]
    if "trl" in advised:
        command.append("--trl")
    if "peft" in advised:
        command.append("--lora")
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = [text for text in done.stderr.splitlines() if "Error" in text]
        last = (lines or ["it crashed"])[-1]
        return {**row, "passed": False, "seen": last}
    return {**row, **json.loads(done.stdout.strip().splitlines()[-1])}


def main(lines: list[str]) -> int:
    rows = {row["question"]: row for row in _read()}
    for line in lines or QUESTIONS:
        rows[line] = prove(line)
        print(line, "->", "passed" if rows[line]["passed"] else rows[line]["seen"], flush=True)
        kept = [rows[item] for item in QUESTIONS if item in rows]
        PROOF.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    SHIPPED.write_text(shipped(kept), encoding="utf-8")
    return int(not all(row["passed"] for row in kept))


def shipped(rows: list[dict[str, Any]]) -> str:
    """What users get of the rows."""
    sets = []
    for row in rows:
        if row["passed"]:
            kind = model_type(row["question"])
            text = f"{_ran(row)} trained a tiny random {kind}: {row['seen']}."
            sets.append({"model_type": kind, "advised": row["advised"], "seen": text})
    return json.dumps({"sets": sets}, indent=1) + "\n"


def _ran(row: dict[str, Any]) -> str:
    """What was installed, as far as it was the advised set."""
    installed = row.get("installed", {})
    absent = [name for name in row["advised"] if name not in installed]
    others = [
        f"{name} {version} in place of {row['advised'][name]}"
        for name, version in installed.items()
        if name in row["advised"] and version.partition("+")[0] != row["advised"][name]
    ]
    changes = [*others, *(f"without {name}" for name in absent)]
    return f"This set, with {' and '.join(changes)}," if changes else "This very set"


def _read() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    if PROOF.exists():
        rows = json.loads(PROOF.read_text(encoding="utf-8"))
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
