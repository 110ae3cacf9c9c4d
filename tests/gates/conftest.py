"""A repository that pins a stack which breaks Gemma 3 (GC101)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

BROKEN = "# what we train with\ntorch==2.6.0\n\ntransformers==4.50.3\n"
POLICY = """\
requirements = "requirements.txt"
model = "google/gemma-3-4b-it"
gpu = "T4"
args = {bf16 = true, eval_strategy = "steps"}
select = ["GC101"]
"""
LINE = 4  # of the pin


def git(folder: Path, *command: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, *command], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "requirements.txt").write_text(BROKEN)
    (folder / "gemma-compat.toml").write_text(POLICY)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "a stack")
    return folder


def accept(folder: Path, expires: str) -> None:
    """Ignore the rule until that day."""
    entry = f'{{rule = "GC101", reason = "patch(model) is called", expires = {expires}}}'
    (folder / "gemma-compat.toml").write_text(f"ignore = [{entry}]\n{POLICY}")


def mend(folder: Path) -> None:
    (folder / "requirements.txt").write_text(BROKEN.replace("4.50.3", "5.23.0"))
