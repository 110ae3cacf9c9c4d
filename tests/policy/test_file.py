"""Which policy file counts, and what ``report`` does with it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from gemma_compat._cli import main
from gemma_compat.detect import policy_file
from gemma_compat.detect.policy_file import find_policy

BROKEN = """\
requirements = "requirements.txt"
model = "google/gemma-3-4b-it"
gpu = "T4"
select = ["GC101"]
args = {bf16 = true, eval_strategy = "steps"}
"""
pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose pinned stack breaks by GC101."""
    (tmp_path / "requirements.txt").write_text("# pinned\ntorch==2.6.0\ntransformers==4.50.3\n")
    (tmp_path / "gemma-compat.toml").write_text(BROKEN)
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def add(project: Path, text: str) -> None:
    file = project / "gemma-compat.toml"
    file.write_text(text + file.read_text())


def ignoring(expires: str) -> str:
    return f'ignore = [{{rule = "GC101", reason = "we patch", expires = {expires}}}]\n'


def report(*arguments: str) -> int:
    return main(["report", *arguments])


def test_the_broken_stack_is_refused(project: Path, capsys: Any) -> None:
    assert report() == 1
    said = capsys.readouterr().out
    assert "error GC101" in said and "Policy: gemma-compat.toml, nothing ignored" in said


def test_an_ignore_lets_it_pass_with_its_reason_until_it_ends(project: Path, capsys: Any) -> None:
    add(project, ignoring("9999-12-31"))
    assert report() == 0
    said = capsys.readouterr().out
    assert "Ignored: GC101 hybridcache-without-float until 9999-12-31: we patch" in said
    assert "error GC101" not in said
    (project / "gemma-compat.toml").write_text(ignoring("2000-01-01") + BROKEN)
    assert report() == 1
    said = capsys.readouterr().out
    assert "error GC101" in said and "warning ignore-expired" in said


def test_an_expired_ignore_alone_is_a_finding(project: Path, capsys: Any) -> None:
    add(project, ignoring("2000-01-01"))
    healthy = ["--requirements", str(project / "new.txt")]
    (project / "new.txt").write_text("torch==2.6.0\ntransformers==5.23.0\n")
    assert report(*healthy) == 0
    assert report(*healthy, "--fail-on", "warning") == 1


def test_the_command_line_wins(project: Path) -> None:
    assert report("--with", "transformers==5.23.0") == 0
    assert report("--fail-on", "never") == 0
    add(project, 'fail-on = "never"\n')
    assert report() == 0
    assert report("--fail-on", "error") == 1


def test_a_severity_is_what_the_policy_says(project: Path, capsys: Any) -> None:
    with (project / "gemma-compat.toml").open("a") as file:
        file.write('[severity]\nhybridcache-without-float = "warning"\n')
    assert report() == 0
    assert "warning GC101" in capsys.readouterr().out
    assert report("--fail-on", "warning") == 1


def test_no_config_reads_none(project: Path, capsys: Any) -> None:
    add(project, "nonsense = 1\n")
    assert report() == 2
    arguments = ["--model", "google/gemma-3-4b-it", "--with", "transformers==5.23.0"]
    assert report("--no-config", *arguments) == 0
    assert "Policy" not in capsys.readouterr().out


def test_paths_are_relative_to_the_file(project: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.chdir(project / "src")
    assert report() == 1
    capsys.readouterr()
    monkeypatch.chdir(project.parent)
    assert report("--config", str(project / "gemma-compat.toml"), "--format", "json") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["policy"] == f"{project.name}/gemma-compat.toml"


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("ignore = [{rule = 'GC999', reason = 'x'}]\n", "no rule is called 'GC999'"),
        ("select = 1\n" * 2, "not TOML"),
        ("fail-on = 'sometimes'\n", "fail-on: expected"),
    ],
)
def test_a_wrong_policy_is_one_line_and_2(
    option: str, said: str, project: Path, capsys: Any
) -> None:
    add(project, option)
    assert report() == 2
    error = capsys.readouterr().err
    assert said in error and "gemma-compat.toml" in error and len(error.splitlines()) == 1


def test_a_rule_of_severity_that_is_none(project: Path, capsys: Any) -> None:
    with (project / "gemma-compat.toml").open("a") as file:
        file.write('[severity]\nGC999 = "warning"\n')
    assert report() == 2
    assert "gemma-compat.toml: no rule is called 'GC999'" in capsys.readouterr().err


def test_the_nearest_one_counts(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.gemma-compat]\ngpu = 'T4'\n")
    found = find_policy(str(inner))
    assert found is not None and found.table == {"gpu": "T4"}
    # Without the table, even if it names the package, the next one upwards counts.
    (inner / "pyproject.toml").write_text("[project]\ndependencies = ['gemma-compat']\n")
    found = find_policy(str(inner))
    assert found is not None and found.table == {"gpu": "T4"}
    (inner.parent / "gemma-compat.toml").write_text("gpu = 'A100-80GB'\n")
    (inner.parent / "pyproject.toml").write_text("[tool.gemma-compat]\ngpu = 'L4'\n")
    found = find_policy(str(inner))
    assert found is not None and found.table == {"gpu": "A100-80GB"}


def test_another_tools_broken_file_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool\n")
    found = find_policy(str(tmp_path))
    assert found is None or not found.path.startswith(str(tmp_path))


def test_without_a_parser_it_is_said(project: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setitem(sys.modules, "tomllib", None)
    monkeypatch.setitem(sys.modules, "tomli", None)
    assert report() == 2
    said = capsys.readouterr().err
    assert "needs Python 3.11 or the package tomli" in said and "--no-config" in said


def test_a_bare_file_is_no_policy(project: Path, capsys: Any) -> None:
    (project / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert report("--config", "pyproject.toml") == 2
    assert "there is no [tool.gemma-compat] in it" in capsys.readouterr().err
    assert report("--config", "none.toml") == 2
    assert policy_file.NAME == "gemma-compat.toml"


def test_a_job_leaves_out_what_is_ignored(project: Path, capsys: Any) -> None:
    assert report("--format", "json", "--output", "node.json") == 1
    assert report("--merge", "node.json") == 1
    add(project, ignoring("9999-12-31"))
    assert report("--merge", "node.json") == 0
    assert "policy: gemma-compat.toml" in capsys.readouterr().err
    assert report("--merge", "node.json", "--format", "sarif") == 2
