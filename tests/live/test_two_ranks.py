"""Two ranks on the CPU: the wrappers around a model, and the cures under them.

One process for each test, which imports everything once and forks the ranks; autograd's threads
do not survive a fork, so it cannot be this one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("accelerate")

ROOT = Path(__file__).resolve().parents[2]


def answers(table: str, tmp_path: Path) -> list[dict[str, Any]]:
    """What the runner says of each scenario of a table."""
    out = tmp_path / "answers.json"
    command = [sys.executable, "-m", "tests.distributed.two_ranks", "--table", table]
    done = subprocess.run(
        [*command, "--out", str(out)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    made: list[dict[str, Any]] = json.loads(out.read_text())
    assert made
    return made


@pytest.mark.parametrize("table", ["quick", pytest.param("patched", marks=pytest.mark.slow)])
def test_patched_ranks_are_the_single_process(table: str, tmp_path: Path) -> None:
    """Or refuse, by name: reentrant wrappers around layers that share keys and values."""
    wrong = [item for item in answers(table, tmp_path) if item["outcome"] not in allowed(item)]
    assert not wrong, wrong


def allowed(item: dict[str, Any]) -> set[str]:
    return {"right", "refused"} if item["checkpointing"] == "outside-reentrant" else {"right"}
