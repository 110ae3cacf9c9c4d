"""Processes that a script starts itself keep the hook, and a model is patched once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .launchers import HERE, RUN, Done, free_port, run, torchrun
from .test_launchers import SAYS, assert_right, right  # noqa: F401

pytestmark = pytest.mark.slow


def spawn(*words: str) -> Done:
    return run([sys.executable, *RUN, str(HERE / "spawn.py"), *words])


@pytest.mark.parametrize("how", ["spawn", "fork", "forkserver", "notebook"])
def test_two_processes_of_a_script(tmp_path: Path, right: dict, how: str) -> None:  # noqa: F811
    done = spawn(str(tmp_path), how, str(free_port()))
    assert_right(done, tmp_path, right)


def test_notebook_launcher_with_one_process(tmp_path: Path, right: dict) -> None:  # noqa: F811
    assert_right(spawn(str(tmp_path), "notebook-one", "0"), tmp_path, right, ranks=1)


@pytest.mark.parametrize(("context", "rules"), [("fork", "True"), ("spawn", "False")])
def test_workers_of_a_data_loader(tmp_path: Path, context: str, rules: str) -> None:
    """A spawned worker has the hook and has loaded no more of us than that."""
    done = spawn(str(tmp_path), f"loader-{context}")
    assert (done.code, done.left) == (0, ()), done.out
    assert done.out.count(SAYS) == 1
    assert done.out.count(f"worker {context} hooked True rules {rules}") == 4, done.out


def test_a_patched_model_sent_to_a_child_is_not_patched_again(tmp_path: Path) -> None:
    done = spawn(str(tmp_path), "passed")
    assert (done.code, done.left) == (0, ()), done.out
    assert done.out.count(SAYS) == 1
    assert "changes made in the child: 0" in done.out


def test_a_loop_with_accelerate(tmp_path: Path, right: dict) -> None:  # noqa: F811
    """Patched in ``prepare``, so before DDP; its first step is the Trainer's, which has Adam."""
    done = run(torchrun(*RUN, str(HERE / "loop.py"), str(tmp_path)))
    first = {"loss": right["loss"][:1], "norms": right["norms"][:1]}
    assert_right(done, tmp_path, first, steps=1)
    assert done.out.count("DistributedDataParallel") == 2


@pytest.mark.parametrize("how", ["fully_shard", "FSDP"])
def test_patched_by_hand_before_it_is_sharded(tmp_path: Path, right: dict, how: str) -> None:  # noqa: F811
    done = run(torchrun(str(HERE / "sharded.py"), str(tmp_path), how, "before"))
    first = {"loss": right["loss"][:1], "norms": right["norms"][:1]}
    assert_right(done, tmp_path, first, says=0, steps=1)
