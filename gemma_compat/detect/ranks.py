"""What every rank of a launched job found, brought to rank 0 over torch.distributed's gloo."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ..errors import GemmaCompatError, UsageError

_NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_AGENT_STORE = "TORCHELASTIC_USE_AGENT_STORE"  # torchrun's agent serves the store, and not rank 0
_HERE = "gemma_compat/here"
_MOST_NAMED = 16
HOW_TO = (
    "start it with a launcher, as in torchrun --nproc-per-node 8 -m gemma_compat report "
    "--all-ranks; without one: report --format json > $HOSTNAME.json on each node, then report "
    "--merge *.json"
)


class RanksMissing(GemmaCompatError):
    """Some ranks did not come, or went away; the text names them where that is known."""


@dataclass(frozen=True)
class Place:
    """Where this process stands in the job, as the launcher says.

    Attributes:
        rank, size: its global number, and how many there are.
        host: this host's name.
        agent: which of the launcher's agents started it; empty if the launcher does not say.
    """

    rank: int
    size: int
    host: str
    agent: str


def place() -> Place:
    """Read from the launcher's environment variables.

    Raises:
        UsageError: there is no launcher, or its variables cannot be right.
    """
    import socket

    missing = [name for name in _NEEDED if not os.environ.get(name)]
    if missing:
        raise UsageError(f"--all-ranks: no launcher has set {', '.join(missing)}; {HOW_TO}")
    rank, size = _number("RANK"), _number("WORLD_SIZE")
    if rank >= size:
        raise UsageError(f"--all-ranks: RANK={rank} is not below WORLD_SIZE={size}")
    if not 0 < _number("MASTER_PORT") < 1 << 16:
        raise UsageError("--all-ranks: MASTER_PORT is not a port")
    return Place(rank, size, socket.gethostname(), os.environ.get("GROUP_RANK", ""))


def _number(name: str) -> int:
    text = os.environ[name]
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UsageError(f"--all-ranks: {name}={text[:40]!r} is not a number")
    return int(text)


class Ranks:
    """The ranks of the job, connected. ``connected`` makes one."""

    def __init__(self, where: Place, seconds: float) -> None:
        self.place, self._seconds = where, seconds

    def gather(self, text: str) -> list[str]:
        """Return the texts of all ranks in their order on rank 0; an empty list on the others."""
        import torch.distributed as dist

        found: list[Any] | None = [None] * self.place.size if self.place.rank == 0 else None
        with _talking(self.place, self._seconds):
            dist.gather_object(text, found, dst=0)
        return [str(item) for item in found or ()]

    def agree(self, number: int) -> int:
        """Return rank 0's number on every rank."""
        import torch.distributed as dist

        box = [number]
        with _talking(self.place, self._seconds):
            dist.broadcast_object_list(box, src=0)
        return int(box[0])


@contextlib.contextmanager
def connected(where: Place, seconds: float) -> Iterator[Ranks]:
    """Give the ranks; make a process group if none exists, and take it down again.

    Nothing waits longer than ``seconds`` for another rank. What is written to standard output
    meanwhile goes to standard error: some releases of torch greet there.

    Raises:
        UsageError: torch does not import, or its build has no gloo.
        RanksMissing: a rank did not come in time, or went away.
    """
    dist = _distributed()
    ours = not dist.is_initialized()
    with _quiet_output():
        try:
            if ours:
                with _talking(where, seconds):
                    _make_group(dist, where, seconds)
            yield Ranks(where, seconds)
        finally:
            if ours and dist.is_initialized():
                dist.destroy_process_group()


@contextlib.contextmanager
def _talking(where: Place, seconds: float) -> Iterator[None]:
    """Turn what gloo and the store raise into one error that names the rank."""
    try:
        yield
    except RuntimeError as error:
        raise RanksMissing(
            f"rank {where.rank} on {where.host}: another rank went away, or did not answer "
            f"within {seconds:g} s ({_first_line(error)})"
        ) from error


def _distributed() -> Any:
    try:
        import torch.distributed as dist
    except Exception as error:  # probe boundary: a broken torch raises anything
        problem = f"{type(error).__name__}: {_first_line(error)}"
        raise UsageError(f"--all-ranks needs torch, and it does not import ({problem})") from error
    if not dist.is_available() or not dist.is_gloo_available():
        raise UsageError("--all-ranks needs gloo, and this torch is built without it")
    return dist


def _make_group(dist: Any, where: Place, seconds: float) -> None:
    timeout = timedelta(seconds=seconds)
    store = _store(dist, where, timeout)
    store.set(f"{_HERE}/{where.rank}", where.host)
    keys = [f"{_HERE}/{rank}" for rank in range(where.size)]
    try:
        store.wait(keys, timeout)
    except RuntimeError as error:
        absent = [rank for rank, key in enumerate(keys) if not store.check([key])]
        raise RanksMissing(_absent(where, absent, seconds)) from error
    dist.init_process_group(
        "gloo",
        store=dist.PrefixStore("gemma_compat", store),
        rank=where.rank,
        world_size=where.size,
        timeout=timeout,
    )


def _store(dist: Any, where: Place, timeout: timedelta) -> Any:
    """Return the store of torch's ``env://``, which does not wait for all ranks."""
    host, port = os.environ["MASTER_ADDR"], _number("MASTER_PORT")
    serves = where.rank == 0 and os.environ.get(_AGENT_STORE) != str(True)
    try:
        return dist.TCPStore(
            host, port, where.size, serves, timeout, wait_for_workers=False, multi_tenant=True
        )
    except RuntimeError as error:
        who = "rank 0" if os.environ.get(_AGENT_STORE) != str(True) else "the launcher's agent"
        raise RanksMissing(
            f"rank {where.rank} on {where.host}: {who} does not answer at {host}:{port} "
            f"(MASTER_ADDR, MASTER_PORT): {_first_line(error)}"
        ) from error


def _absent(where: Place, absent: list[int], seconds: float) -> str:
    named = ", ".join(map(str, absent[:_MOST_NAMED]))
    more = f" and {len(absent) - _MOST_NAMED} more" if len(absent) > _MOST_NAMED else ""
    ranks = "rank" if len(absent) == 1 else "ranks"
    return (
        f"rank {where.rank} on {where.host}: {ranks} {named}{more} of {where.size} did not come "
        f"within {seconds:g} s; see their output (--timeout waits longer)"
    )


def _first_line(error: BaseException) -> str:
    text = next(iter(str(error).splitlines()), "") or type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."


@contextlib.contextmanager
def _quiet_output() -> Iterator[None]:
    """Send descriptor 1 to descriptor 2, so that libraries print nothing into our output."""
    try:
        sys.stdout.flush()
        kept = os.dup(1)
        os.dup2(2, 1)
    except (OSError, ValueError, AttributeError):  # one of them is closed
        yield
        return
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
