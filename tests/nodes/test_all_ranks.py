"""``report --all-ranks`` in real processes, over gloo."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gemma_compat._cli import main

pytest.importorskip("torch")

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """\
import os, sys
if os.environ["RANK"] == "1":
    os.environ["NCCL_P2P_DISABLE"] = "1"
from gemma_compat._cli import main
sys.exit(main(["report", "--all-ranks", "--fail-on", "warning"]))
"""


def environment(**changes: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **changes}


def test_two_ranks_of_a_launcher_are_one_report(tmp_path: Path) -> None:
    """The ranks differ, rank 0 alone prints, and both end with its status."""
    script = tmp_path / "rank.py"
    script.write_text(SCRIPT)
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [sys.executable, *launcher, str(script)],
        env=environment(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout.count("a job of 1 node and 2 ranks") == 1, done.stderr[-2000:]
    assert "NCCL_P2P_DISABLE" in done.stdout
    assert "1 *" in done.stdout
    assert done.returncode == 1


def test_a_rank_that_does_not_come_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    place = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    done = subprocess.run(
        [sys.executable, "-m", "gemma_compat", "report", "--all-ranks", "--timeout", "2"],
        env=environment(**place), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert done.stdout == ""
    assert "rank 1 of 2 did not come within 2 s" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_launcher(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    assert main(["report", "--all-ranks"]) == 2
    assert "torchrun --nproc-per-node" in capsys.readouterr().err
