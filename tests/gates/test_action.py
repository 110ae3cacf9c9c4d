"""The steps of action.yml, run as the runner of GitHub Actions runs them: bash, env, files."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import LINE, accept, mend

yaml = pytest.importorskip("yaml")
pytest.importorskip("tomllib")  # the policy of the test repository; Python 3.11

ROOT = Path(__file__).resolve().parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
INSTALL, REPORT = ACTION["runs"]["steps"]
pytestmark = [
    pytest.mark.skipif(shutil.which("bash") is None, reason="no bash"),
    pytest.mark.long,
]


class Run:
    """One run of the action's steps.

    Attributes:
        status, log: of the step.
        summary, outputs: what it wrote to the runner's files.
    """

    def __init__(self, folder: Path, temp: Path, step: Any = REPORT, **inputs: str) -> None:
        values = {name: each["default"] for name, each in ACTION["inputs"].items()} | inputs
        for name in ("summary", "outputs"):
            (temp / name).write_text("")
        self._values = values
        env = {name: self._expand(text) for name, text in step["env"].items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=folder / self._expand(step.get("working-directory", ".")),
            env={
                **os.environ,
                **env,
                "RUNNER_TEMP": str(temp),
                "GITHUB_STEP_SUMMARY": str(temp / "summary"),
                "GITHUB_OUTPUT": str(temp / "outputs"),
                "PATH": os.pathsep.join([str(temp / "job"), os.environ["PATH"]]),
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        self.status, self.log = done.returncode, done.stdout + done.stderr
        self.summary = (temp / "summary").read_text()
        self.outputs = (temp / "outputs").read_text()

    def _expand(self, text: str) -> str:
        """Put the inputs in; every expression that the action uses is one of these."""
        text = text.replace("${{ inputs.source || github.action_path }}", str(ROOT))
        return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: self._values[m[1]], text)


@pytest.fixture
def temp(tmp_path: Path) -> Path:
    """The runner's folder, as the first step leaves it, with this interpreter for the tool."""
    folder = tmp_path / "runner"
    for place in ("gemma-compat/bin", "job"):
        (folder / place).mkdir(parents=True)
        tool = folder / place / "python"
        tool.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} "$@"\n')
        tool.chmod(0o755)
    return folder


def test_a_broken_stack_is_refused_at_its_line(broken: Path, temp: Path) -> None:
    run = Run(broken, temp)
    assert run.status == 1, run.log
    annotation = f"::error file=requirements.txt,line={LINE},title=GC101 hybridcache-without-float"
    assert annotation in run.log
    assert run.outputs == "status=1\n"
    assert run.summary.startswith("### gemma_compat") and "GC101" in run.summary


def test_an_ignore_lets_it_pass_and_expires(broken: Path, temp: Path) -> None:
    accept(broken, "9999-12-31")
    run = Run(broken, temp)
    assert run.status == 0 and "::error" not in run.log
    assert "ignored GC101 until 9999-12-31: patch(model) is called" in run.log
    accept(broken, "2000-01-01")
    run = Run(broken, temp)
    assert run.status == 1
    assert "::warning file=gemma-compat.toml,line=1,title=ignore-expired" in run.log


def test_a_healthy_stack_passes(broken: Path, temp: Path) -> None:
    mend(broken)
    run = Run(broken, temp)
    assert (run.status, run.outputs) == (0, "status=0\n")
    assert "No known failure found" in run.log


def test_inputs_become_options(broken: Path, temp: Path) -> None:
    more = "--fail-on never --gpu A100-80GB"
    (broken / "gemma-compat.toml").rename(broken / "other.toml")
    run = Run(broken, temp, arguments=more, sarif="out.sarif", config="other.toml")
    assert run.status == 0 and "GC101" in run.log
    results = json.loads((broken / "out.sarif").read_text())["runs"][0]["results"]
    assert [item["ruleId"] for item in results] == ["GC101"]


def test_a_hostile_input_is_data(broken: Path, temp: Path) -> None:
    run = Run(broken, temp, arguments="$(touch hacked) ; touch hacked", config="`touch hacked`")
    assert run.status == 2 and not (broken / "hacked").exists()


def test_wrong_input_keeps_its_status(broken: Path, temp: Path) -> None:
    assert Run(broken, temp, arguments="--nonsense").status == 2
    (broken / "gemma-compat.toml").write_text("")
    assert Run(broken, temp, python=str(temp / "none")).status == 2


def test_it_judges_the_python_of_the_job(broken: Path, temp: Path) -> None:
    (temp / "job" / "python").write_text("#!/bin/sh\necho another interpreter; exit 1\n")
    run = Run(broken, temp)
    assert run.status == 2 and f"{temp / 'job' / 'python'}" in run.log


def test_no_expression_stands_in_a_script() -> None:
    """An input in a script would be code of whoever wrote the pull request."""
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"


@pytest.mark.slow
def test_the_first_step_installs(tmp_path: Path, broken: Path) -> None:
    temp = tmp_path / "runner"
    temp.mkdir()
    run = Run(broken, temp, step=INSTALL)
    assert run.status == 0, run.log
    python = temp / "gemma-compat" / "bin" / "python"
    listed = subprocess.check_output([python, "-m", "pip", "list"], text=True)
    assert "gemma-compat" in listed and "torch" not in listed
    assert Run(broken, temp).status == 1
