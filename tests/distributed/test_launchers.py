"""Real launchers, two processes, on the CPU: patched alike, right gradients, one message."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .launchers import HERE, RUN, Done, accelerate, run, torchrun

SAYS = "patched GC201 reentrant-detaches-shared-kv"
TRAIN, BROKEN = str(HERE / "train.py"), str(HERE / "broken.py")


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """One process, no checkpointing: nothing is detached."""
    from .train import train

    return train(tmp_path_factory.mktemp("right"), gradient_checkpointing=False)


def assert_right(
    done: Done, folder: Path, right: dict, ranks: int = 2, says: int = 1, steps: int = 2
) -> None:
    """Every rank trained what one process without checkpointing does, and one has said so."""
    assert (done.code, done.left) == (0, ()), done.out
    assert done.out.count(SAYS) == says, done.out
    found = [json.loads(path.read_text()) for path in sorted(folder.glob("rank-*.json"))]
    assert len(found) == ranks
    for one in found:
        assert one["loss"][:steps] == pytest.approx(right["loss"], rel=1e-4)
        for got, expected in zip(one["norms"][:steps], right["norms"], strict=True):
            assert got == pytest.approx(expected, rel=1e-3)


def test_torchrun(tmp_path: Path, right: dict) -> None:
    done = run(torchrun(*RUN, TRAIN, str(tmp_path)))
    assert_right(done, tmp_path, right)


@pytest.mark.slow
def test_without_us_the_gradients_are_wrong(tmp_path: Path, right: dict) -> None:
    done = run(torchrun(TRAIN, str(tmp_path)))
    with pytest.raises(AssertionError, match="k_proj"):
        assert_right(done, tmp_path, right, says=0)


@pytest.mark.slow
def test_accelerate_launch(tmp_path: Path, right: dict) -> None:
    assert_right(run(accelerate(*RUN, TRAIN, str(tmp_path))), tmp_path, right)


@pytest.mark.slow
def test_the_callback(tmp_path: Path, right: dict) -> None:
    assert_right(run(torchrun(TRAIN, str(tmp_path), "--callback")), tmp_path, right)


@pytest.mark.slow
@pytest.mark.parametrize("rank", ["0", "1", "all"])
def test_a_rank_that_cannot_be_patched_stops_all_with_one_message(
    tmp_path: Path, rank: str
) -> None:
    done = run(torchrun(*RUN, BROKEN, str(tmp_path), "fails", rank))
    assert (done.code, done.left) == (1, ())
    who = "[01]" if rank == "all" else rank
    (line,) = [line for line in done.out.splitlines() if line.startswith("gemma_compat: error")]
    assert re.fullmatch(
        rf"gemma_compat: error: rank {who} could not be patched: GC201 [a-z-]+: "
        r"layer 0 has no attribute self_attn; all 2 ranks stop",
        line,
    )
    assert "[rank" not in done.out  # no rank prints a traceback
    assert not list(tmp_path.glob("rank-*.json"))


@pytest.mark.slow
def test_a_defect_of_ours_keeps_its_traceback(tmp_path: Path) -> None:
    done = run(torchrun(*RUN, BROKEN, str(tmp_path), "crashes", "1"))
    assert (done.code, done.left) == (1, ())
    assert "rank 1 failed before its first step: KeyError: 'planted'; all 2 ranks stop" in done.out
    assert 'raise KeyError("planted")' in done.out


@pytest.mark.slow
@pytest.mark.parametrize("rank", ["0", "1"])
def test_with_the_callback_all_ranks_raise_the_same(tmp_path: Path, rank: str) -> None:
    done = run(torchrun(BROKEN, str(tmp_path), "--callback", "fails", rank))
    assert (done.code, done.left) == (1, ())
    told = f"gemma_compat.errors.RankFailed: rank {rank} could not be patched: GC201"
    assert all(f"[rank{each}]: {told}" in done.out for each in "01"), done.out


@pytest.mark.slow
def test_a_rank_with_other_patches_stops_all(tmp_path: Path) -> None:
    done = run(torchrun(*RUN, BROKEN, str(tmp_path), "ignores", "1"))
    assert (done.code, done.left) == (1, ())
    told = [line for line in done.out.splitlines() if "not patched the same" in line]
    assert len(told) == 1
    assert "rank 0 has GC201" in told[0] and "rank 1 has nothing" in told[0]


@pytest.mark.slow
def test_a_rank_that_does_not_come_is_named_in_time(tmp_path: Path) -> None:
    """Rank 1 is not hooked: it waits in the constructor of DDP, and rank 0 for it."""
    done = run(torchrun(*RUN, BROKEN, str(tmp_path), "is-not-hooked", "1"))
    assert done.code == 1 and done.left == () and done.seconds < 75
    assert "rank 1 did not come to be patched in 13.5 s; all 2 ranks stop" in done.out
