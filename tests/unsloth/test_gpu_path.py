"""The newest Unsloth on its GPU code path: what it is read to have done is what it did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .processes import environment_for, make_checkpoints, run

MODELS = ("gemma3_text", "gemma4_text", "gemma3n_text")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # In a folder of that name: a path is no proof.
    return make_checkpoints(tmp_path_factory.mktemp("new") / "unsloth", *MODELS)


@pytest.fixture(scope="module")
def stock(home: Path) -> dict[str, dict[str, str]]:
    """The bytecode of transformers' own methods."""
    command = [sys.executable, "-m", "tests.unsloth.fingerprint", str(home), *MODELS]
    environment = {**os.environ, **environment_for("5.17.0", kernels=False)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, dict[str, str]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def seen(home: Path) -> dict[str, Any]:
    return run("gpu_path.py", str(home), *MODELS, folder=home)


@pytest.mark.parametrize("model_type", MODELS)
def test_what_is_patched_is_read_module_by_module(
    model_type: str, seen: dict[str, Any], stock: dict[str, dict[str, str]]
) -> None:
    """Both ways: every method with other bytecode is told, and none with the same."""
    facts, methods = seen[model_type]["facts"], seen[model_type]["methods"]
    differs = {name for name, digest in methods.items() if stock[model_type].get(name) != digest}
    told = {name for name in facts["patches"] if name in methods}
    assert told <= differs
    # What a rebuilt class is made of is not told method by method.
    assert {name for name in differs if name.partition(".")[0] not in facts["rebuilt"]} <= told
    assert all(f"{name}.forward" in differs for name in facts["rebuilt"])


@pytest.mark.parametrize("model_type", MODELS)
def test_it_is_cured_there_and_nothing_is_done_twice(model_type: str, seen: dict[str, Any]) -> None:
    found = seen[model_type]
    assert found["facts"]["backend"] == "cuda" and found["facts"]["imported_after"] == []
    assert found["facts"]["carries_shared_kv"] is (model_type != "gemma3_text")
    assert found["findings"] == ["GC805"] and found["codes"] == [] and found["again"] == []
    assert found["facts"]["rebuilt"]


def test_a_patch_survives_the_compiler_of_later_loads(seen: dict[str, Any]) -> None:
    assert seen["hook_before_other_loads"] == seen["hook_after_other_loads"] == 1
    assert seen["hook_after_revert"] == 0


def test_the_hook_lives_beside_its_wrappers_and_goes(home: Path) -> None:
    found = run("hooked.py", str(home / "gemma3_text"), folder=home)
    # Before the trainer is made, before it trains, and before each of three evaluations.
    assert found["asked"] == ["Gemma3ForCausalLM"] * 5
    assert len(found["history"]["loss"]) == len(found["history"]["eval_loss"]) == 3
    # Where Unsloth wrapped over ours, ours only passes through, and says so.
    assert all("only passes through" in text for text in found["left"])
