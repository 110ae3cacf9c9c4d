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
    assert names[:4] == ["unsloth", "unsloth-zoo", "trl", "transformers"]
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


def test_liger_before_its_head_moved(capsys: pytest.CaptureFixture[str]) -> None:
    """liger-kernel 0.5.7 to 0.6.0 reads a head that transformers 4.52 moved (GC503)."""
    line = [*FRESH, "--model", "google/gemma-3-4b-it", "--gpu", "A100-80GB", "--liger"]
    assert main([*line, "--with", "liger-kernel==0.5.10", "--format", "json"]) == 0
    found = {p["name"]: p["version"] for p in json.loads(capsys.readouterr().out)["packages"]}
    assert found["transformers"] == "4.51.3"


def test_liger_without_kernels_for_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FRESH, "--model", "gemma3n", "--liger"]) == 1
    assert "has kernels for gemma3n: leave --liger out" in capsys.readouterr().out


@pytest.mark.long
def test_an_unsloth_gets_the_zoo_of_its_day(capsys: pytest.CaptureFixture[str]) -> None:
    line = [*FRESH, "--model", "gemma3", "--with", "unsloth==2025.3.19"]
    assert main(line) == 0
    out = capsys.readouterr().out
    assert '"unsloth-zoo==2025.3.17"' in out
    assert "unsloth 2025.3.19 was published with unsloth-zoo 2025.3.17" in " ".join(out.split())
    assert main([*line, "--with", "unsloth-zoo==2025.10.9"]) == 0  # the user decides
    assert '"unsloth-zoo==2025.10.9"' in capsys.readouterr().out


def test_other_packages_of_the_stack(capsys: pytest.CaptureFixture[str]) -> None:
    more = ["--with", "vllm", "--with", "deepspeed", "--with", "flash-attn", "--trainer", "trl"]
    assert main([*FRESH, "--model", "gemma3", "--gpu", "8xH100", *more, "--format", "json"]) == 0
    found = {p["name"]: p["version"] for p in json.loads(capsys.readouterr().out)["packages"]}
    assert {"vllm", "deepspeed", "flash-attn", "trl"} <= found.keys()
    assert found["trl"].startswith("1.")  # not one from before it knew which vllm breaks it
