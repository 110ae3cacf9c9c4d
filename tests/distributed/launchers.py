"""Start a script with a real launcher, and see to it that nothing of it is left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
MARK = "GEMMA_COMPAT_TEST_RUN"  # every process of a run inherits it
RUN = ("-m", "gemma_compat", "run")


@dataclass(frozen=True)
class Done:
    """A run that has ended.

    Attributes:
        code: exit status of the launcher.
        out: all that was printed, by whichever process.
        left: processes of the run that were still there a moment after the launcher.
        seconds: what it took.
    """

    code: int
    out: str
    left: tuple[int, ...]
    seconds: float


def torchrun(*words: str, processes: int = 2, options: Sequence[str] = ()) -> list[str]:
    """``torchrun --standalone --nproc-per-node 2 ...``, as this interpreter's module."""
    launcher = ("torch.distributed.run", "--standalone", "--nproc-per-node", str(processes))
    return [sys.executable, "-m", *launcher, *options, *words]


def accelerate(*words: str, options: Sequence[str] = ()) -> list[str]:
    """``accelerate launch``. With ``--cpu`` it starts one process, whatever else it is told."""
    launcher = ("accelerate.commands.launch", "--multi_gpu", "--num_processes", "2")
    quiet = ("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no")
    port = ("--main_process_port", str(free_port()))
    return [sys.executable, "-m", *launcher, *quiet, *port, *options, *words]


def start(command: Sequence[str], mark: str, **environment: str) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    given = {
        **os.environ,
        "PYTHONPATH": path,
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONWARNINGS": "ignore",
        "ACCELERATE_USE_CPU": "true",
        "GLOO_SOCKET_IFNAME": "lo",
        MARK: mark,
        **environment,
    }
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=given,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(command: Sequence[str], limit: float = 150, **environment: str) -> Done:
    """Run to the end. A run that hangs is an ``AssertionError`` with what it has printed."""
    mark, begun = uuid.uuid4().hex, time.monotonic()
    process = start(command, mark, **environment)
    try:
        out, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        end_all(mark)
        raise AssertionError(f"hangs after {limit} s: {process.communicate()[0]}") from None
    seconds = time.monotonic() - begun
    left = left_of(mark)
    end_all(mark)
    return Done(process.returncode, out, left, seconds)


def members_of(mark: str) -> tuple[int, ...]:
    """The processes with this mark in their environment, from ``/proc``; no zombies."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:  # it has ended, or is somebody else's
            continue
    return tuple(sorted(found))


def left_of(mark: str, patience: float = 5.0) -> tuple[int, ...]:
    """Those that are still there after a moment."""
    end = time.monotonic() + patience
    while (left := members_of(mark)) and time.monotonic() < end:
        time.sleep(0.1)
    return left


def end_all(mark: str) -> None:
    """Kill what is left of this run, by its mark."""
    for pid in members_of(mark):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])
