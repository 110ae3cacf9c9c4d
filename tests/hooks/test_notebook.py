"""``explain()`` of the last error, and the commands of ``%load_ext gemma_compat``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gemma_compat
from gemma_compat._explain.explanation import Explanation
from gemma_compat.engine.rule import Diagnosis
from gemma_compat.errors import UsageError
from gemma_compat.hooks.explaining import _opened

TEXT = "'HybridCache' object has no attribute 'float'"


class Shell:
    """What IPython's shell offers an extension."""

    def __init__(self, **names: Any) -> None:
        self.user_ns = names
        self.commands: dict[str, Callable[[str], Any]] = {}

    def register_magic_function(self, function: Any, kind: str, name: str) -> None:
        assert kind == "line"
        self.commands[name] = function


def shell(**names: Any) -> Shell:
    made = Shell(**names)
    gemma_compat.load_ipython_extension(made)
    assert set(made.commands) == {"gemma_explain", "gemma_report"}
    return made


def keep_error(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Keep an error as Python does; not in a fixture, since pytest clears it before a test."""
    for other in ("last_exc", "last_value"):
        monkeypatch.delattr(sys, other, raising=False)
    monkeypatch.setattr(sys, name, AttributeError(TEXT), raising=False)


@pytest.mark.parametrize("name", ["last_exc", "last_value"])
def test_explain_without_arguments_explains_the_last_error(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_error(monkeypatch, name)
    found = gemma_compat.explain()
    assert found.error is not None and TEXT in found.error.raw


def test_without_an_error_it_says_what_to_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("last_exc", "last_value"):
        monkeypatch.delattr(sys, name, raising=False)
    with pytest.raises(UsageError, match="no error has ended a cell yet"):
        gemma_compat.explain()


def test_gemma_explain_reads_the_last_error_a_name_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_error(monkeypatch, "last_value")
    log = tmp_path / "train log.txt"
    log.write_text(f"AttributeError: {TEXT}\n")
    explain = shell(error=AttributeError(TEXT)).commands["gemma_explain"]
    for line in ("", "error", str(log)):
        found = explain(line)
        assert isinstance(found, Explanation) and found.lines > 0, line


def test_gemma_report_takes_a_variable_or_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "gemma3_text"}')
    report = shell(model=str(tmp_path)).commands["gemma_report"]
    found = report("model")
    assert isinstance(found, Diagnosis) and found.facts.model.model_type == "gemma3_text"
    assert report(f"--model '{tmp_path}'") is None
    assert "gemma3_text" in capsys.readouterr().out


@pytest.mark.parametrize("line", ["--model", "--model 'open", "no-such-option"])
def test_a_wrong_line_is_one_line(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert shell().commands["gemma_report"](line) is None
    assert capsys.readouterr().err.count("\n") == 1


def test_a_missing_file_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert shell().commands["gemma_explain"]("no/such.log") is None
    assert capsys.readouterr().err.startswith("gemma_compat: error: no/such.log")


def called_from(file: str, inner: Callable[[], Any]) -> Callable[[], Any]:
    """Return a function whose frame is said to be of ``file``."""
    scope: dict[str, Any] = {}
    exec(compile("def run(inner):\n    inner()\n", file, "exec"), scope)
    return lambda: scope["run"](inner)


def test_frames_of_the_shell_are_left_out() -> None:
    def fail() -> None:
        raise AttributeError(TEXT)

    cell = called_from("/tmp/ipykernel_1/2.py", fail)
    shell_file = "/usr/lib/python3/dist-packages/IPython/core/interactiveshell.py"
    with pytest.raises(AttributeError) as caught:
        called_from(shell_file, cell)()
    read = _opened(caught.value).read().decode()
    assert "ipykernel_1/2.py" in read and TEXT in read
    assert read.count("IPython/core") == 0
