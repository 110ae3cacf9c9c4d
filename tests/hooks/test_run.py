"""``run`` against Python itself: the same script, started both ways, sees the same world."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gemma_compat.errors import UsageError
from gemma_compat.hooks.run import run_script

LAUNCH = (
    "import sys; from gemma_compat.hooks.run import run_script; sys.exit(run_script(sys.argv[1:]))"
)
ROOT = Path(__file__).parents[2]

SHOW = """
import os, sys
import beside
print(__name__, __file__, __spec__ and __spec__.name, __package__, sys.path[0], sys.argv)
print(sys.modules["__main__"].__dict__ is globals(), beside.X)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "show.py").write_text(SHOW)
    for place in ("sub", "."):
        (tmp_path / place / "beside.py").write_text("X = 1\n")
    (tmp_path / "sub" / "__init__.py").write_text("")
    return tmp_path


def start(command, folder):
    path = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def both(folder, *command):
    return start(command, folder), start(("-c", LAUNCH, *command), folder)


@pytest.mark.parametrize(
    "command", [("sub/show.py", "--lr", "2e-4", "-m"), ("-m", "sub.show", "--x")]
)
def test_a_script_sees_what_python_shows_it(folder, command):
    plain, ours = both(folder, *command)
    assert plain.returncode == ours.returncode == 0, plain.stderr + ours.stderr
    assert ours.stdout == plain.stdout


def test_a_link_to_a_script_has_the_folder_of_the_script_on_the_path(folder):
    (folder / "link.py").symlink_to(folder / "sub" / "show.py")
    plain, ours = both(folder, "link.py")
    assert ours.stdout == plain.stdout != ""


@pytest.mark.parametrize(
    ("body", "code"),
    [("import sys; sys.exit(7)", 7), ("raise SystemExit('no')", 1), ("1 / 0", 1), ("pass", 0)],
)
def test_exit_codes_go_through(folder, body, code):
    (folder / "end.py").write_text(body)
    plain, ours = both(folder, "end.py")
    assert plain.returncode == ours.returncode == code
    assert ours.stderr.splitlines()[-1:] == plain.stderr.splitlines()[-1:]


def test_a_traceback_shows_the_line_of_the_script(folder):
    (folder / "end.py").write_text("x = 0\nprint(1 / x)\n")
    _, ours = both(folder, "end.py")
    assert 'end.py", line 2' in ours.stderr and "print(1 / x)" in ours.stderr


def test_objects_of_the_script_pickle_and_exit_handlers_find_its_globals(folder):
    (folder / "end.py").write_text(
        "import atexit, pickle, sys\n"
        "class Mine: pass\n"
        "atexit.register(lambda: print(sys.modules['__main__'].Mine is Mine))\n"
        "print(type(pickle.loads(pickle.dumps(Mine()))) is Mine)\n"
    )
    plain, ours = both(folder, "end.py")
    assert ours.stdout == plain.stdout == "True\nTrue\n"


def test_the_hook_is_there_before_the_script(folder):
    (folder / "end.py").write_text("import sys; print(type(sys.meta_path[0]).__name__)")
    assert both(folder, "end.py")[1].stdout == "PostImportFinder\n"


@pytest.mark.parametrize("argv", [[], ["-m"], ["missing.py"], ["."], ["-m", "no_such_module.x"]])
def test_nothing_to_run_is_a_usage_error(argv, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    try:
        with pytest.raises(UsageError):
            run_script(argv)
    finally:
        import gemma_compat

        gemma_compat.uninstall()


def test_an_import_that_fails_inside_the_module_is_no_usage_error(folder):
    (folder / "bad.py").write_text("import no_such_dependency")
    _, ours = both(folder, "-m", "bad")
    assert "No module named 'no_such_dependency'" in ours.stderr
    assert "UsageError" not in ours.stderr
