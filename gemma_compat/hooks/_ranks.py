"""Make all ranks of a run agree that each is patched the same, or stop them all.

They meet in the key-value store that ``init_process_group`` made. It exists on every backend, needs
no device, and can be read without waiting; a collective would hang until its timeout if one rank
did not come. Every rank counts the agreements for itself, so later ranks find what earlier ranks
posted.

Keys below ``gemma_compat/<attempt>/<number>/``:

    codes        the rank that came first, and its patches
    arrived      how many ranks are patched and ready; here/<rank> says which
    failed       why all must stop; written once
    seen, told   how many ranks have read that, and which one prints it
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import PatchError, RankFailed
from ._patched import logger

_PAUSE = 0.05  # seconds between two reads of the store; longer with more than 100 ranks
_LINGER = 10.0  # seconds that a failed rank waits for the others to read its failure
_SHARE = 0.9  # of the process group's timeout, so that this error precedes a collective's
_SLOW = 60.0  # seconds after which a rank logs which ranks it waits for

_count = 0  # agreements that this process has been through


def agree(codes: Iterable[str] | None) -> None:
    """Wait until every rank has come here with the same patches; return at once without other
    ranks.

    The limit is nine tenths of the process group's timeout: the first collective of the training
    would wait all of it for a missing rank, without naming one.

    Args:
        codes: the rules whose patches are in place, or ``None`` if that is not known (a model that
            came from another process with its patches).

    Raises:
        RankFailed: a rank failed, has other patches, or did not come in time.
    """
    global _count
    board = _board()
    if board is None:
        return
    try:
        if codes is not None and (text := board.difference(sorted(set(codes)))):
            raise board.stop(text)
        board.wait_for_all()
    except RuntimeError as problem:  # what torch raises for its store derives from it
        if type(problem).__name__ != "DistNetworkError":
            logger.warning("gemma_compat: the ranks cannot ask each other: %s", _line(problem))
            return
        text = "another rank has ended, and the store of the process group with it"
        raise RankFailed(f"{text}: {_line(problem)}", tells=True) from problem
    finally:
        _count += 1


def failed(error: Exception) -> RankFailed | None:
    """Tell the other ranks that this one cannot go on.

    Returns:
        the error to raise from ``error``, or ``None`` if there are no other ranks.
    """
    board = _board()
    if board is None or isinstance(error, RankFailed):
        return None
    try:
        return board.stop(board.says(error))
    except RuntimeError as problem:
        logger.debug("gemma_compat: the other ranks could not be told: %s", problem)
        return None


@contextmanager
def failing_together() -> Iterator[None]:
    """Stop every rank if the block raises; without other ranks the exception passes unchanged."""
    try:
        yield
    except Exception as error:
        stop = failed(error)
        if stop is None:
            raise
        raise stop from error


def is_alone() -> bool:
    """Return whether this process is the only one of its run."""
    return _group() is None


class _Board:
    """The keys of one agreement.

    Args:
        store: torch's key-value store, whose errors are ``RuntimeError``.
        rank, world: rank and number of ranks in the default process group.
        number: how many agreements came before this one.
    """

    def __init__(self, store: Any, rank: int, world: int, number: int) -> None:
        self.store, self.rank, self.world = store, rank, world
        self.prefix = f"gemma_compat/{_attempt()}/{number}/"

    def difference(self, codes: list[str]) -> str | None:
        """Return how these patches differ from those of the rank that came first; ``None`` if
        equal.
        """
        mine = json.dumps([self._name(), codes])
        first, theirs = json.loads(self._claim("codes", mine))
        if theirs == codes:
            return None
        return (
            f"the ranks are not patched the same: {first} has {' '.join(theirs) or 'nothing'}, "
            f"{self._name()} has {' '.join(codes) or 'nothing'}"
        )

    def wait_for_all(self) -> None:
        """Return when all ranks are here; raise ``RankFailed`` as soon as one has failed."""
        self.store.set(self.prefix + f"here/{self.rank}", "1")
        self._add("arrived", 1)
        limit = _SHARE * self.store.timeout.total_seconds()
        begun, warned = time.monotonic(), False
        while self._add("arrived", 0) < self.world:
            if self.store.check([self.prefix + "failed"]):
                raise self.stop("")
            waited = time.monotonic() - begun
            if waited > limit:
                text = f"{self._missing()} did not come to be patched in {limit:g} s"
                raise self.stop(text, readers=self._add("arrived", 0))
            if waited > _SLOW and not warned:
                warned = True
                logger.warning("gemma_compat: %s waits for %s", self._name(), self._missing())
            # One process serves the store: what all ranks together ask of it must not grow.
            time.sleep(_PAUSE * max(1.0, self.world / 100))

    def stop(self, text: str, readers: int = 0) -> RankFailed:
        """Publish the failure once and return the error to raise.

        Args:
            text: the failure; empty for a rank that only reads one that was published.
            readers: how many ranks are there to read it; all of them by default.

        The first rank prints it, or the failed one if the first does not come soon. Both stay until
        all have read it: a launcher ends the others when one has ended, and the first rank may be
        the one that holds the store.
        """
        posted = self._claim("failed", text)
        tells = self.rank == 0 and self._tells()
        self._add("seen", 1)
        if self.rank == 0 or posted == text:
            self._linger(readers or self.world)
            tells = tells or self._tells()
        return RankFailed(f"{posted}; all {self.world} ranks stop", tells=tells)

    def says(self, error: Exception) -> str:
        """Return one line on what happened to this rank."""
        if isinstance(error, PatchError):
            return f"{self._name()} could not be patched: {_line(error)}"
        kind = type(error).__name__
        return f"{self._name()} failed before its first step: {kind}: {_line(error)}"

    def _linger(self, readers: int) -> None:
        end = time.monotonic() + _LINGER
        while time.monotonic() < end and self._add("seen", 0) < readers:
            time.sleep(_PAUSE)

    def _tells(self) -> bool:
        return self._claim("told", str(self.rank)) == str(self.rank)

    def _missing(self) -> str:
        """Return the ranks that are not here: ``rank 1``, ``ranks 1 and 3``, or the first
        of many.
        """
        keys = ((rank, self.prefix + f"here/{rank}") for rank in range(self.world))
        gone = [str(rank) for rank, key in keys if not self.store.check([key])]
        names = " and ".join(gone) if len(gone) < 4 else f"{', '.join(gone[:3])} and others"
        return ("rank " if len(gone) == 1 else "ranks ") + names

    def _name(self) -> str:
        return f"rank {self.rank}" + (f" ({platform.node()})" if _has_other_nodes() else "")

    def _claim(self, key: str, value: str) -> str:
        """Write the key unless it exists; return what it holds then."""
        held: bytes = self.store.compare_set(self.prefix + key, "", value)
        return held.decode()

    def _add(self, key: str, amount: int) -> int:
        return int(self.store.add(self.prefix + key, amount))


def _board() -> _Board | None:
    """Return the board of the next agreement; ``None`` without other ranks."""
    distributed = _group()
    if distributed is None or _may_be_stale():
        return None
    store = distributed.distributed_c10d._get_default_store()
    if store is None:  # MPI
        return None
    return _Board(store, distributed.get_rank(), distributed.get_world_size(), _count)


def _group() -> Any | None:
    """Return ``torch.distributed`` if a process group of several ranks exists. Imports nothing."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return None
    return distributed if distributed.get_world_size() > 1 else None


def _attempt() -> str:
    """Return the number of this restart by torchrun: a restarted worker may find the old store."""
    return os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")


def _may_be_stale() -> bool:
    """Return whether several nodes run under torchrun with restarts.

    Each node counts only its own restarts, so the keys of this attempt cannot be told from those
    of the one before.
    """
    return _has_other_nodes() and os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0") != "0"


def _has_other_nodes() -> bool:
    here, all_ranks = os.environ.get("LOCAL_WORLD_SIZE"), os.environ.get("WORLD_SIZE")
    return here is not None and here != all_ranks


def _line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
