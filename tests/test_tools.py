"""The developer's tools: skeletons of a rule, and overlays of other releases."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tools import environments, new_rule

ROOT = Path(__file__).resolve().parent.parent


def skeletons(root: Path) -> list[Path]:
    return new_rule.write("GC999", "madeup", "cache-read-twice", root)


def test_skeletons_are_written_where_the_contract_looks(tmp_path: Path) -> None:
    names = [str(path.relative_to(tmp_path)) for path in skeletons(tmp_path)]
    assert names == [
        "gemma_compat/rules/madeup/cache_read_twice.py",
        "tests/rules/madeup/test_cache_read_twice.py",
        "tests/evidence/GC999/reproduce.py",
    ]
    assert (tmp_path / "gemma_compat/rules/madeup/__init__.py").is_file()


def test_skeletons_pass_lint_and_ask_to_be_filled_in(tmp_path: Path) -> None:
    for path in skeletons(tmp_path):
        text = path.read_text(encoding="utf-8")
        ast.parse(text)
        assert "FILL IN" in text
    if find_spec("ruff") is None:
        pytest.skip("ruff is not installed")
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--config", str(ROOT / "pyproject.toml")]
        subprocess.run([*ruff, "--no-cache", str(tmp_path)], check=True)


@pytest.mark.parametrize(
    ("code", "subsystem", "name", "said"),
    [
        ("GC1", "cache", "cache-read-twice", "CODE"),
        ("GC999", "Cache/x", "cache-read-twice", "SUBSYSTEM"),
        ("GC999", "cache", "CacheReadTwice", "NAME"),
        ("GC101", "cache", "cache-read-twice", "taken: GC101"),
        ("GC999", "cache", "hybridcache-without-float", "taken: GC101"),
    ],
)
def test_bad_input_is_refused(
    code: str, subsystem: str, name: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(new_rule.Refused, match=said):
        new_rule.write(code, subsystem, name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    skeletons(tmp_path)
    with pytest.raises(new_rule.Refused, match="already there"):
        skeletons(tmp_path)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The calls of pip, which are noted and not made."""
    calls: list[Any] = []

    def install(target: Path, arguments: Any) -> None:
        calls.append(list(arguments))
        target.mkdir(exist_ok=True)
        if "transformers==4.99.0" in arguments:
            raise environments.EnvironmentFailed("transformers==4.99.0 cannot be installed")

    monkeypatch.setattr(environments, "ROOT", tmp_path)
    monkeypatch.setattr(environments, "HOME", tmp_path / ".environments")
    monkeypatch.setattr(environments, "_install", install)
    return calls


def test_an_overlay_is_built_once(installed: list[Any]) -> None:
    first = environments.ensure_overlay("4.50.3")
    assert installed == [
        ["transformers==4.50.3"],
        ["--no-deps", "accelerate==1.5.2", "peft==0.15.2"],
    ]
    assert environments.ensure_overlay("4.50.3") == first
    assert len(installed) == 2
    assert environments.ensure_companion("trl", "1.0.0") != first


def test_the_command_line_builds_single_packages_too(installed: list[Any]) -> None:
    assert environments.main(["transformers-4.50.3", "trl-1.16.0", "datasets"]) == 0
    assert installed[0] == ["transformers==4.50.3"]  # with what fits it, by either name
    assert installed[2:] == [["--no-deps", "trl==1.16.0"], [environments.DATASETS]]
    assert environments.main(["datasets-"]) == 1  # no release: refused, and not built
    assert len(installed) == 4


def test_other_pins_build_it_anew(installed: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    environments.ensure_overlay("4.50.3")
    monkeypatch.setitem(environments.COMPANIONS, "4", ("accelerate==1.6.0",))
    environments.ensure_overlay("4.50.3")
    assert installed[-1] == ["--no-deps", "accelerate==1.6.0"]


def test_an_interrupted_one_is_not_there_and_is_built_anew(installed: list[Any]) -> None:
    with pytest.raises(environments.EnvironmentFailed):
        environments.ensure_overlay("4.99.0")
    assert not (environments.HOME / "transformers-4.99.0").exists()
    assert environments.main(["4.99.0", "4.50.3"]) == 1
    assert (environments.HOME / "transformers-4.50.3").is_dir()


def test_a_release_that_nobody_supports_is_refused(installed: list[Any]) -> None:
    with pytest.raises(environments.EnvironmentFailed, match="3.5.1"):
        environments.ensure_overlay("3.5.1")
    assert not installed
