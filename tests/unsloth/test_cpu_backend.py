"""The newest Unsloth on its CPU backend, which trains stock modules."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from .processes import make_checkpoints, run


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoints(tmp_path_factory.mktemp("cpu"), "gemma3_text", "gemma4_text")


def test_it_trains_patched_and_with_the_callback(home: Path, tmp_path: Path) -> None:
    seen = run("cpu_backend.py", str(home), folder=tmp_path, kernels=False)
    facts = seen["facts"]
    assert facts["used"] and facts["backend"] == "cpu"
    assert facts["imported_after"] == []  # gemma_compat came first and imported none of them
    assert facts["patches"] == [] and facts["rebuilt"] == []  # none of its patches for Gemma
    assert facts["requires"]["unsloth-zoo"] == f">={seen['version']}"
    losses = seen["history"]["loss"] + seen["history"]["eval_loss"]
    assert len(losses) == 6 and all(map(math.isfinite, losses))
    assert losses[2] < losses[0]
    assert seen["findings"] == ["GC805"]  # true: the tiny tokenizer adds no <bos>
    assert "unsloth" in seen["first"] or "nothing was needed" in seen["first"]
    # Another load: patched once, and rightly, since the CPU backend cures nothing itself.
    assert seen["second"] == ["GC201"] and seen["again"] == []


def test_a_script_that_knows_nothing_of_it(home: Path, tmp_path: Path) -> None:
    launcher = ("-m", "gemma_compat", "run")
    path = str(home / "gemma4_text")
    seen = run("train.py", path, folder=tmp_path, kernels=False, launcher=launcher)
    assert "patched GC201 reentrant-detaches-shared-kv" in seen["stderr"]
    assert len(seen["loss"]) == len(seen["eval_loss"]) == 3


def test_the_wrong_order_of_imports_is_seen(tmp_path: Path) -> None:
    seen = run("late.py", folder=tmp_path, kernels=False)
    assert seen["used"] and {"transformers", "trl"} <= set(seen["imported_after"])
