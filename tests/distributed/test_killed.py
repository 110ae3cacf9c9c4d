"""``kill -9`` of one rank half way: the launcher ends the rest, and no process is left."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from .launchers import HERE, RUN, accelerate, end_all, left_of, start, torchrun

pytestmark = pytest.mark.slow
SCRIPT = str(HERE / "broken.py")


@pytest.mark.parametrize("launcher", [torchrun, accelerate])
@pytest.mark.parametrize("rank", ["0", "1"])
def test_no_orphan(tmp_path: Path, launcher, rank: str) -> None:
    mark = uuid.uuid4().hex
    command = launcher(*RUN, SCRIPT, str(tmp_path), "waits", rank)
    process = start(command, mark)
    try:
        os.kill(wait_for(tmp_path, rank), signal.SIGKILL)
        out, _ = process.communicate(timeout=90)
    except subprocess.TimeoutExpired:
        end_all(mark)
        pytest.fail(f"hangs: {process.communicate()[0]}")
    left = left_of(mark)
    end_all(mark)
    assert process.returncode != 0 and left == (), out


def wait_for(folder: Path, rank: str) -> int:
    """The process of this rank, when both are half way."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        found = {path.name[-1]: path.read_text() for path in folder.glob("half-way-*")}
        if len(found) == 2 and all(found.values()):
            return int(found[rank])
        time.sleep(0.1)
    raise subprocess.TimeoutExpired("half way", 90)
