"""The hook of .pre-commit-hooks.yaml, run by pre-commit on a temporary repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from .conftest import LINE, accept, git, mend

yaml = pytest.importorskip("yaml")
pytest.importorskip("tomllib")  # the policy of the test repository; Python 3.11

ROOT = Path(__file__).resolve().parents[2]
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
needs_pre_commit = pytest.mark.skipif(find_spec("pre_commit") is None, reason="`make gates` has it")


def pre_commit(folder: Path, *command: str) -> Any:
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", *command],
        cwd=folder,
        env={**os.environ, "PRE_COMMIT_HOME": str(folder.parent / "cache")},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("requirements.txt", True),
        ("train/requirements-gpu.txt", True),
        ("pyproject.toml", True),
        ("sub/gemma-compat.toml", True),
        ("uv.lock", True),
        ("environment.yml", True),
        ("configs/training_args.json", True),
        ("README.md", False),
        ("train.py", False),
    ],
)
def test_what_makes_it_run(name: str, runs: bool) -> None:
    assert bool(re.search(HOOK["files"], name)) == runs


@needs_pre_commit
def test_the_manifest_is_valid() -> None:
    done = pre_commit(ROOT, "validate-manifest", ".pre-commit-hooks.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


@needs_pre_commit
def test_a_broken_stack_cannot_be_committed_and_an_ignore_lets_it_pass(broken: Path) -> None:
    """The hook as a local one with this interpreter: nothing is installed."""
    (broken.parent / "bin").mkdir()
    tool = broken.parent / "bin" / "gemma-compat"
    tool.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m gemma_compat "$@"\n')
    tool.chmod(0o755)
    hook = {**HOOK, "language": "system", "entry": f"{tool.parent}/{HOOK['entry']}"}
    del hook["additional_dependencies"]
    config = {"repos": [{"repo": "local", "hooks": [hook]}]}
    (broken / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    git(broken, "add", "-A")
    done = pre_commit(broken, "run", "--all-files")
    assert done.returncode == 1 and "error GC101" in done.stdout, done.stdout + done.stderr
    accept(broken, "9999-12-31")
    git(broken, "add", "-A")
    assert pre_commit(broken, "run", "--all-files").returncode == 0
    accept(broken, "2000-01-01")
    git(broken, "add", "-A")
    assert pre_commit(broken, "run", "--all-files").returncode == 1
    mend(broken)
    git(broken, "add", "-A")
    assert pre_commit(broken, "run", "--all-files").returncode == 0


@needs_pre_commit
@pytest.mark.slow
def test_the_hook_installs_itself(broken: Path, tmp_path: Path) -> None:
    """From a repository that holds this tree, as a user names it."""
    source = tmp_path / "source"
    tracked = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).split()
    wanted = [n for n in tracked if not n.startswith(("tests/", "docs/", "benchmarks/", "demo/"))]
    for name in {*wanted, ".pre-commit-hooks.yaml"}:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    git(source, "init", "-q")
    git(source, "add", "-A")
    git(source, "commit", "-qm", "release")
    done = pre_commit(broken, "try-repo", str(source), "gemma-compat", "--all-files")
    assert done.returncode == 1 and "error GC101" in done.stdout, done.stdout + done.stderr


def test_the_line_of_the_pin_is_what_the_fixture_says(broken: Path) -> None:
    lines = (broken / "requirements.txt").read_text().splitlines()
    assert lines[LINE - 1] == "transformers==4.50.3"
