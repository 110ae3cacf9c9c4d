"""Run scenarios with two ranks, and compare each with the single process.

On the CPU, with gloo; everything is imported once and each rank is a fork:

    python -m tests.distributed.two_ranks --out FILE [--only ddp,gemma4_text] [--table quick]

On two GPUs, with NCCL; needs no test framework:

    python -m torch.distributed.run --standalone --nproc-per-node 2 \\
        tests/distributed/two_ranks.py --backend nccl --out FILE

with the root of the repository on ``PYTHONPATH``; about 200 scenarios of a second or two. A
single-process reference runs on each rank's own GPU. ``FILE`` is JSON, a list of what
:func:`scenarios.train` returns, and is written again after each scenario.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

if __package__ in {None, ""}:  # started by its path, as torch.distributed.run does
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    __package__ = "tests.distributed"
    import tests.distributed  # noqa: F401

from tests.distributed import scenarios
from tests.distributed.scenarios import Rank, Scenario

WORLD = 2
TIMEOUT = 60.0  # seconds for one scenario; the slowest seen takes about ten


def run(scenario: Scenario, timeout: float = TIMEOUT) -> dict[str, Any]:
    """Both ranks of one scenario on the CPU, forked from this process, which must be warm.

    This process must not have run a backward pass: autograd's threads do not survive a fork.
    """
    home = tempfile.mkdtemp(prefix="two-ranks-")
    started = [_fork(scenario, Rank(index, WORLD, "cpu"), home) for index in range(WORLD)]
    try:
        answers = _collect(started, time.monotonic() + timeout)
    finally:
        for child, _ in started:
            _end(child)
        shutil.rmtree(home, ignore_errors=True)
    return _merged(scenario, answers, timeout)


def run_here(scenario: Scenario, rank: Rank, home: str) -> dict[str, Any]:
    """This rank's part in this very process, where a fork cannot reach the GPU."""
    import torch.distributed as dist
    from accelerate.state import AcceleratorState

    try:
        return _joined(scenario, rank, home)
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)
        if dist.is_initialized():
            dist.destroy_process_group()


def can_fork(rank: Rank) -> bool:
    """Whether a fork of this process can use its device: not where CUDA was touched before."""
    if rank.device == "cpu":
        return True
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    try:
        import torch

        torch.zeros(1, device=rank.place).item()
    except BaseException:  # probe boundary: whatever it is, it cannot
        os._exit(1)
    os._exit(0)


def run_one_rank(scenario: Scenario, rank: Rank, home: str, timeout: float) -> dict[str, Any]:
    """This rank's part, in a fork, so that a scenario that dies takes nothing with it."""
    started = [_fork(scenario, rank, home)]
    try:
        answers = _collect(started, time.monotonic() + timeout)
    finally:
        _end(started[0][0])
    return _merged(scenario, answers, timeout)


def _fork(scenario: Scenario, rank: Rank, home: str) -> tuple[int, int]:
    """The child's process id, and the end of the pipe on which it answers."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    os.close(reader)
    try:
        answer = _joined(scenario, rank, home)
    except BaseException as error:  # probe boundary: a rank that crashes must still answer
        traceback.print_exc()
        seen = f"{type(error).__name__}: {error}"
        answer = {**asdict(scenario), "outcome": "crash", "seen": seen, "codes": []}
    with os.fdopen(writer, "w", encoding="utf-8") as pipe:
        json.dump(answer, pipe)
    os._exit(0)


def _joined(scenario: Scenario, rank: Rank, home: str) -> dict[str, Any]:
    """In the child: join the other rank through a file, and train."""
    import torch
    import torch.distributed as dist

    os.environ.update(
        RANK=str(rank.index), LOCAL_RANK=str(rank.index), WORLD_SIZE=str(rank.world),
        LOCAL_WORLD_SIZE=str(rank.world), MASTER_ADDR="127.0.0.1", MASTER_PORT="29500",
    )  # fmt: skip
    torch.set_num_threads(1)
    options: dict[str, Any] = {}
    if rank.device == "cuda":
        torch.cuda.set_device(rank.index)
        options["device_id"] = rank.place
    dist.init_process_group(
        "nccl" if rank.device == "cuda" else "gloo",
        init_method=f"file://{home}/store",
        rank=rank.index,
        world_size=rank.world,
        timeout=timedelta(seconds=30),
        **options,
    )
    return scenarios.train(scenario, rank)


def _collect(started: list[tuple[int, int]], end: float) -> list[dict[str, Any] | None]:
    """Each rank's answer, ``None`` for one that gave none before the time was out."""
    pending = {reader: index for index, (_, reader) in enumerate(started)}
    parts: dict[int, list[bytes]] = {reader: [] for reader in pending}
    while pending:
        ready, _, _ = select.select(list(pending), [], [], max(0.0, end - time.monotonic()))
        if not ready:
            break
        for reader in ready:
            part = os.read(reader, 65536)
            if part:
                parts[reader].append(part)
            else:
                del pending[reader]
    for _, reader in started:
        os.close(reader)
    texts = [b"" if reader in pending else b"".join(parts[reader]) for _, reader in started]
    return [json.loads(text) if text else None for text in texts]


def _end(child: int) -> None:
    try:
        os.kill(child, signal.SIGKILL)
    except ProcessLookupError:
        pass
    os.waitpid(child, 0)


def _merged(
    scenario: Scenario, answers: list[dict[str, Any] | None], timeout: float
) -> dict[str, Any]:
    """One answer: the first rank's that says why, for the other only lost its peer."""
    given = [answer for answer in answers if answer is not None]
    if not given:
        seen = f"no rank answered within {timeout:.0f} s"
        return {**asdict(scenario), "outcome": "hung", "seen": seen, "codes": []}
    worst = [item for item in given if item["outcome"] not in {"right", "wrong"}]
    lost = [item for item in worst if "Connection closed by peer" in item["seen"]]
    return next((item for item in worst if item not in lost), (worst or given)[0])


def warm_up() -> None:
    """What every rank needs, imported before the first fork."""
    import importlib

    for name in ("torch", "transformers", "accelerate", "torch.distributed.fsdp", "gemma_compat"):
        importlib.import_module(name)


def main(argv: list[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    # Else the imports ask CUDA itself for its devices, and no fork could use it.
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
    warm_up()
    options.forks = "RANK" not in os.environ or can_fork(_rank(options))
    first = os.environ.get("RANK", "0") == "0"
    todo = list(_chosen(options))
    done: list[dict[str, Any]] = []
    for number, scenario in enumerate(todo):
        started = time.monotonic()
        answer = _answer(scenario, options, number)
        done.append({**_releases(), **answer, "seconds": round(time.monotonic() - started, 1)})
        if first:
            _write(options.out, done)
            print(f"{number + 1}/{len(todo)} {_line(done[-1])}", flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="two_ranks", description="Two ranks against one.")
    parser.add_argument("--out", required=True, help="JSON file for the answers")
    parser.add_argument("--backend", choices=("gloo", "nccl"), default="gloo")
    parser.add_argument("--table", default="", help="gpu, full, patched or quick; by the backend")
    parser.add_argument("--only", default="", help="words that a scenario must have, by comma")
    parser.add_argument("--timeout", type=float, default=TIMEOUT, help="seconds for one scenario")
    return parser


def _chosen(options: argparse.Namespace) -> Iterable[Scenario]:
    from tests.distributed import tables

    name = options.table or ("gpu" if options.backend == "nccl" else "full")
    words = {word for word in options.only.split(",") if word}
    for scenario in tables.TABLES[name]():
        if words <= {str(value) for value in asdict(scenario).values()}:
            yield scenario


def _answer(scenario: Scenario, options: argparse.Namespace, number: int) -> dict[str, Any]:
    """Both ranks from here, or, under a launcher, this one's part."""
    if "RANK" not in os.environ:
        return run(scenario, options.timeout)
    rank = _rank(options)
    # Both ranks are children of one launcher: its process id makes a place they both know.
    home = os.path.join(tempfile.gettempdir(), f"two-ranks-{os.getppid()}-{number}")
    os.makedirs(home, exist_ok=True)
    if options.forks:
        return run_one_rank(scenario, rank, home, options.timeout)
    return run_here(scenario, rank, home)


def _rank(options: argparse.Namespace) -> Rank:
    device = "cuda" if options.backend == "nccl" else "cpu"
    return Rank(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]), device)


def _releases() -> dict[str, str]:
    import accelerate
    import torch
    import transformers

    found = {"torch": torch, "transformers": transformers, "accelerate": accelerate}
    return {name: module.__version__ for name, module in found.items()}


def _write(path: str, done: list[dict[str, Any]]) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(done, file, indent=1)


def _line(answer: dict[str, Any]) -> str:
    names = ("model_type", "wrapper", "checkpointing", "precision")
    case = " ".join(str(answer[name]) for name in names)
    cured = "" if answer["patch"] == "no" else f" patched {answer['patch']} {answer['codes']}"
    return f"{case}{cured}: {answer['outcome']} ({answer['seen']}) {answer['seconds']} s"


if __name__ == "__main__":
    sys.exit(main())
