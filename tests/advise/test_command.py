"""The command, end to end, for an empty environment."""

from __future__ import annotations

import json

import pytest

from gemma_compat._cli import main

pytest.importorskip("resolvelib")
FRESH = ["advise", "--fresh", "--python", "3.11.7"]


def test_a_set(capsys: pytest.CaptureFixture[str]) -> None:
    line = [*FRESH, "--model", "google/gemma-4-E2B-it", "--gpu", "T4", "--with", "unsloth"]
    assert main([*line, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    names = [item["name"] for item in found["packages"]]
    assert names[:3] == ["unsloth", "unsloth-zoo", "transformers"]
    assert found["install"].count('"') == 2 * len(names)


def test_a_gpu_that_newer_cuda_left_behind(capsys: pytest.CaptureFixture[str]) -> None:
    """CUDA 13 has no code for Volta, and torch is built for it since 2.11."""
    assert main([*FRESH, "--model", "gemma2", "--gpu", "V100-32GB"]) == 0
    out = capsys.readouterr().out
    assert '"torch==2.10.0"' in out
    assert "GC903" in out


def test_a_conflict(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FRESH, "--model", "gemma4", "--with", "transformers<5"]) == 1
    out = capsys.readouterr().out
    assert 'you asked for "transformers<5"' in out
    assert "gemma4 came with transformers 5.5.0" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "gemma2", "--with", "trl=1"], "is not a requirement"),
        (["--model", "gemma2", "--with", "unslot"], "nearest: unsloth"),
        (["--model", "gemma2", "--with", "trl>99"], "no such release is known here"),
        (["--model", "gemma2", "--with", "unsloth[cu130]"], "a name and versions only"),
        (["--model", "gemma2", "--keep", "trl"], "not installed here"),
        (["--model", "gemma2", "--python", "three"], "is not a version"),
        (["--model", "gemma22"], "no such file"),
    ],
)
def test_wrong_input(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*FRESH, *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.count("\n") == 1
