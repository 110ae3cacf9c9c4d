"""The developer's tools: skeletons of a rule, and overlays of other releases."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from gemma_compat.conditions.run import evaluates
from gemma_compat.rules import find
from gemma_compat.rules._index import rule_of
from tools import environments, new_rule, rule_index, test_rule

ROOT = Path(__file__).resolve().parent.parent


def skeletons(root: Path) -> list[Path]:
    return new_rule.write("GC999", "madeup", "cache-read-twice", root=root)


def test_skeletons_are_written_where_the_contract_looks(tmp_path: Path) -> None:
    names = [str(path.relative_to(tmp_path)) for path in skeletons(tmp_path)]
    assert names == [
        "gemma_compat/rules/madeup/cache_read_twice.py",
        "tests/rules/madeup/cache_read_twice/test_cache_read_twice.py",
        "tests/rules/madeup/cache_read_twice/reproduce.py",
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
    ("code", "family", "name", "said"),
    [
        ("GC1", "cache", "cache-read-twice", "CODE"),
        ("GC999", "Cache/x", "cache-read-twice", "FAMILY"),
        ("GC999", "caches", "cache-read-twice", "nearest: cache"),
        ("GC999", "cache", "CacheReadTwice", "NAME"),
        (
            "GC101",
            "cache",
            "cache-read-twice",
            r"taken: GC101 hybridcache-without-float; free: GC1\d\d$",
        ),
        ("GC999", "cache", "hybridcache-without-float", "taken: GC101"),
    ],
)
def test_bad_input_is_refused(code: str, family: str, name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(new_rule.Refused, match=said):
        new_rule.write(code, family, name, root=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_skeleton_is_to_be_filled_in_before_it_is_tested(tmp_path: Path) -> None:
    rule = replace(find("GC101"), name="cache-read-twice", family="madeup")
    written = [str(path.relative_to(tmp_path)) for path in skeletons(tmp_path)]
    assert sorted(test_rule.unfilled(rule, tmp_path)) == sorted(written)
    assert test_rule.unfilled(find("GC101")) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    skeletons(tmp_path)
    with pytest.raises(new_rule.Refused, match="already there"):
        skeletons(tmp_path)


def test_a_markdown_skeleton_is_read_as_a_rule(tmp_path: Path) -> None:
    pytest.importorskip("tomllib")  # Python 3.11
    (page,) = new_rule.write("GC999", "madeup", "cache-read-twice", "markdown", tmp_path)
    judged, shown, sought = rule_index.split(rule_index.read_page(page))
    rule = rule_of(judged, lambda: shown, lambda: sought)
    assert (rule.code, rule.name, rule.family) == ("GC999", "cache-read-twice", "madeup")
    assert rule.title.startswith("FILL IN") and rule.when == (evaluates,)


def test_a_skeleton_needs_nothing_but_python(tmp_path: Path) -> None:
    """A contributor starts before there is a virtual environment."""
    command = [sys.executable, "-S", "-m", "tools.new_rule", "GC101", "cache", "cache-read-twice"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, "taken: GC101" in done.stderr) == (2, True)


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
