"""The agreement itself, on torch's own stores, with the ranks as threads."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from gemma_compat.errors import PatchTargetMissing, RankFailed
from gemma_compat.hooks import _ranks
from gemma_compat.live.unwrap import unwrap

torch = pytest.importorskip("torch")


@pytest.fixture(params=["tcp", "file"])
def store(request, tmp_path):
    """What a process group of three would have made; it gives up after 2 s."""
    import torch.distributed

    if request.param == "file":
        made = torch.distributed.FileStore(str(tmp_path / "store"), 3)
    else:
        made = torch.distributed.TCPStore("127.0.0.1", 0, None, True, wait_for_workers=False)
    made.set_timeout(timedelta(seconds=2))
    return torch.distributed.PrefixStore("default_pg", made)


def together(store, *ranks, number=0):
    """What each rank ends with: ``None`` or its error. ``ranks`` are functions of a board."""
    ends = [None] * len(ranks)

    def work(rank, act):
        board = _ranks._Board(store, rank, 3, number)
        try:
            act(board)
        except RankFailed as stop:
            ends[rank] = stop

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(ranks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return ends


def comes(board):
    if text := board.difference(["GC201"]):
        raise board.stop(text)
    board.wait_for_all()


def comes_with_less(board):
    if text := board.difference([]):
        raise board.stop(text)
    board.wait_for_all()


def fails(board):
    raise board.stop(board.says(PatchTargetMissing("GC201: no layer\nat all")))


def test_all_come(store):
    assert together(store, comes, comes, comes) == [None, None, None]
    assert together(store, comes, comes, comes, number=1) == [None, None, None]


@pytest.mark.parametrize("bad", [0, 2])
def test_one_fails_and_the_first_rank_alone_tells(store, bad):
    ends = together(store, *(fails if rank == bad else comes for rank in range(3)))
    assert {str(end) for end in ends} == {
        f"rank {bad} could not be patched: GC201: no layer; all 3 ranks stop"
    }
    assert [end.tells for end in ends] == [True, False, False]


def test_all_fail_and_say_the_same(store):
    ends = together(store, fails, fails, fails)
    assert len({str(end) for end in ends}) == 1
    assert [end.tells for end in ends] == [True, False, False]


def test_one_has_other_patches(store):
    ends = together(store, comes, comes_with_less, comes)
    assert len({str(end) for end in ends}) == 1
    assert "has nothing" in str(ends[0]) and "has GC201" in str(ends[0])


def test_one_does_not_come(store):
    ends = together(store, comes, lambda board: None, comes)
    assert str(ends[0]) == "rank 1 did not come to be patched in 1.8 s; all 3 ranks stop"
    assert ends[1] is None and str(ends[2]) == str(ends[0])


def test_the_failed_rank_tells_where_the_first_is_not_there(store, monkeypatch):
    monkeypatch.setattr(_ranks, "_LINGER", 0.2)
    ends = together(store, lambda board: None, fails, lambda board: None)
    assert ends[1].tells


def test_a_process_that_is_alone_agrees_with_nobody():
    assert _ranks.is_alone()
    _ranks.agree(["GC201"])
    assert _ranks.failed(PatchTargetMissing("alone")) is None
    with pytest.raises(PatchTargetMissing), _ranks.failing_together():
        raise PatchTargetMissing("alone")


@pytest.mark.parametrize(
    ("restarts", "here", "stale"),
    [("3", "2", True), ("0", "2", False), ("3", "4", False), (None, None, False)],
)
def test_nodes_that_restart_do_not_read_what_was_said_before(monkeypatch, restarts, here, stale):
    values = {
        "TORCHELASTIC_MAX_RESTARTS": restarts,
        "LOCAL_WORLD_SIZE": here,
        "WORLD_SIZE": here and "4",
    }
    for name, value in values.items():
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert _ranks._may_be_stale() is stale


def test_fsdp_1_is_seen_through():
    class FullyShardedDataParallel(torch.nn.Module):
        def __init__(self, module):
            super().__init__()
            self._fsdp_wrapped_module = module

    inner = torch.nn.Linear(1, 1)
    assert unwrap(FullyShardedDataParallel(inner)) is inner
