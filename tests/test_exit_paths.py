"""How the command line starts and ends where its surroundings are not as usual."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipapp
from pathlib import Path
from typing import Any

import pytest

from gemma_compat import _cli
from gemma_compat._cli import _elsewhere

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def run(*command: str, **options: Any) -> Any:
    options = {"env": ENVIRONMENT, "text": True, "check": False, "timeout": 120, **options}
    if "stdout" not in options:
        options["capture_output"] = True
    return subprocess.run(command, **options)


@pytest.mark.parametrize("name", ["packaging.py", "re.py", "json.py", "argparse.py"])
def test_a_file_of_the_project_is_not_taken_for_a_library(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("raise RuntimeError('taken')")
    done = run(sys.executable, "-m", "gemma_compat", "report", cwd=tmp_path)
    assert "taken" not in done.stderr and done.returncode in {0, 3}  # 3: no transformers here


def test_a_script_still_finds_the_modules_beside_it(tmp_path: Path) -> None:
    (tmp_path / "packaging.py").write_text("mine = 1")
    (tmp_path / "train.py").write_text("import packaging; print(packaging.mine)")
    done = run(sys.executable, "-m", "gemma_compat", "run", "train.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "1\n")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and what it needs, as ``python -m zipapp`` makes it."""
    import shutil

    import packaging

    folder = tmp_path_factory.mktemp("zip")
    ignore = shutil.ignore_patterns("__pycache__")
    for package in (ROOT / "gemma_compat", Path(packaging.__file__).parent):
        shutil.copytree(package, folder / "app" / package.name, ignore=ignore)
    target = folder / "gemma.pyz"
    zipapp.create_archive(folder / "app", target, main="gemma_compat._cli:main")
    return target


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "--model", "google/gemma-3-4b-it", "--with", "transformers==4.50.3"],
        ["matrix"],
        ["rule", "GC101"],
        ["gpu"],
        ["explain", "-"],
    ],
)
def test_in_one_file(archive: Path, arguments: list[str], tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": ""}
    done = run(
        sys.executable, "-S", str(archive), *arguments, cwd=tmp_path, env=environment, input="x"
    )
    assert "Traceback" not in done.stderr
    assert done.returncode in {0, 1, 3}, done.stderr


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", [["report"], ["--help"], ["--version"], ["rule"], ["matrix"]])
@pytest.mark.parametrize("both", [False, True], ids=["stdout", "both"])
def test_a_full_disk_has_one_exit_status(arguments: list[str], both: bool) -> None:
    with FULL.open("w") as full:
        streams = {"stdout": full, "stderr": full if both else subprocess.PIPE}
        done = run(sys.executable, "-m", "gemma_compat", *arguments, **streams)
    assert done.returncode == 2
    if not both:
        assert done.stderr.startswith("gemma_compat: error: cannot write")
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("code", "status"), [("a text", 1), (None, 0), (0, 0), (3, 3)], ids=str)
def test_whatever_system_exit_holds(
    code: Any, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(arguments: Any) -> Any:
        raise SystemExit(code)

    monkeypatch.setattr(_cli, "_parser", stop)
    assert _cli.main(["report"]) == status
    assert ("a text" in capsys.readouterr().err) == (code == "a text")


def test_an_error_is_bounded_and_obeyed_by_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = "\x1b]0;pwn\x07\x1b[2J" + "x" * 5000
    assert _cli.main(["report", "--model", name]) == 2
    said = capsys.readouterr().err
    assert "\x1b" not in said and "\x07" not in said
    assert len(said) < 2100 and len(said.splitlines()) == 1


def test_another_interpreter_is_judged_by_its_own_packages(tmp_path: Path) -> None:
    """A venv with stub packages, asked from this one, which has others."""
    import venv

    venv.create(tmp_path / "other", symlinks=os.name != "nt")
    python = tmp_path / "other" / "bin" / "python"
    place = run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    site = Path(place.stdout.strip())
    info = site / "transformers-4.50.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: transformers\nVersion: 4.50.3\n\n")
    (site / "transformers").mkdir()
    (site / "transformers" / "__init__.py").write_text("raise RuntimeError('imported')")
    environment = {**os.environ, "PYTHONPATH": ""}
    for given in (str(python), str(tmp_path / "other")):
        command = ["-m", "gemma_compat", "report", "--python", given, "--format", "json"]
        # The policy of this project is left out: before 3.11, Python reads TOML with a package.
        done = run(sys.executable, *command, "--no-config", cwd=ROOT, env=environment)
        assert done.returncode == 3, done.stderr  # the other one has no torch
        assert '"version": "4.50.3"' in done.stdout
        assert '"torch": null' in done.stdout, "nothing of this environment is seen"


@pytest.mark.parametrize("given", ["/no/such/python", "."])
def test_an_interpreter_that_is_none(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _cli.main(["report", "--python", given]) == 2
    assert "no such interpreter" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="these programs are POSIX's")
@pytest.mark.parametrize("given", ["false", "echo"])
def test_a_program_that_does_not_run_python(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    program = shutil.which(given)
    assert program is not None
    assert _cli.main(["report", "--python", program]) == 2
    assert f"{program}: does not run Python" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="these programs are POSIX's")
@pytest.mark.parametrize("body", ["while :; do echo Python; done", "sleep 600"])
def test_a_program_that_prints_or_waits_without_end(
    body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_elsewhere, "_PATIENCE", 1.0)
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{body}\n".replace("sleep", "exec sleep"))
    program.chmod(0o755)
    assert _cli.main(["report", "--python", str(program)]) == 2
    assert "does not run Python" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("prefix", "tool"),
    [
        ("/home/a/.local/share/pipx/venvs/gemma-compat", "pipx"),
        ("/home/a/.local/share/uv/tools/gemma-compat", "uv"),
        ("/home/a/.cache/uv/archive-v0/abc", "uvx"),
        ("/home/a/venv", None),
    ],
)
def test_a_tools_own_environment(
    prefix: str, tool: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", prefix)
    assert _elsewhere.tool_environment() == tool
