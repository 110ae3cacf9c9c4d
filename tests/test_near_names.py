"""A misspelt name is answered with the nearest one."""

from __future__ import annotations

import pytest

from gemma_compat._cli import main


@pytest.mark.parametrize(
    ("line", "nearest"),
    [
        (["rule", "GC10l"], "GC101 hybridcache-without-float"),
        (["rule", "hybridcache-without-flot"], "GC101 hybridcache-without-float"),
        (["report", "--modle", "x"], "--model"),
        (["advise", "--kep=torch", "--model", "gemma3"], "--keep"),
        (["repor"], "report"),
        (["report", "--format", "jsn"], "json"),
        (["report", "--with", "transformer==4.5"], "transformers"),
        (["memory", "--model", "google/gemma-3-4b-itt", "--gpu", "T4"], "google/gemma-3-4b-it"),
        (["gpu", "A10O"], "A10"),
        (["supports", "--model", "gemma3x"], "gemma3"),
        (["matrix", "--package", "transformer"], "transformers"),
    ],
)
def test_the_nearest_name_is_told(
    line: list[str], nearest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line) == 2
    err = capsys.readouterr().err
    assert nearest in err.replace(line[-1], "", 1), err
    assert err.count("\n") == 1


def test_nothing_is_near_what_is_far(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--xyzzy"]) == 2
    assert "nearest" not in capsys.readouterr().err
