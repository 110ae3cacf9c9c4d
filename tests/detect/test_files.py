"""The one reader: what it refuses, in what words, and that nothing else reads from outside."""

from __future__ import annotations

import ast
import os
import re
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gemma_compat import _files, explain
from gemma_compat._cli import main
from gemma_compat.detect._child import Child
from gemma_compat.detect._deadline import Deadline
from gemma_compat.detect._json import read_object
from gemma_compat.errors import UsageError

PACKAGE = Path(_files.__file__).parent
READERS = {"_files.py", "detect/_child.py"}
OPENS = {"open", "read_text", "read_bytes", "fdopen", "Popen", "check_output"}
PARSES = {"load", "loads", "JSONDecoder"}


def sparse(path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(1 << 30)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


HOSTILE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "fifo": (os.mkfifo, "not a regular file"),
    "device": (device, "not a regular file"),
    "sparse": (sparse, "larger than"),
    "directory": (Path.mkdir, "a directory"),
}
hostile = pytest.mark.parametrize("kind", HOSTILE)


@hostile
def test_what_is_no_file_is_an_error_of_one_line(kind: str, tmp_path: Path) -> None:
    make, words = HOSTILE[kind]
    make(tmp_path / "config.json")
    with pytest.raises(UsageError, match=words) as caught:
        read_object(tmp_path / "config.json")
    assert len(str(caught.value).splitlines()) == 1


# Every name under which a report reads something, by the tree that holds it.
NAMES = (
    "config.json",
    "tokenizer_config.json",
    "tokenizer.json",
    "chat_template.jinja",
    "model.safetensors",
    "model.safetensors.index.json",
    "torch/version.py",
    "torch/lib/libtorch_python.so",
    "torch-2.6.0.dist-info/METADATA",
    "torch-2.6.0.dist-info/RECORD",
    "torch-2.6.0.dist-info/direct_url.json",
    "torch-2.6.0.dist-info/entry_points.txt",
    "unsloth.egg-link",
)


# Prints the peak of its own memory: that of a child counts what its parent held at the fork.
REPORT = """
import sys
from pathlib import Path
from gemma_compat._cli import main
status = main()
state = Path("/proc/self/status")
sys.stderr.write(state.read_text() if state.exists() else "")
sys.exit(status)
"""


@hostile
@pytest.mark.parametrize("name", NAMES)
def test_a_report_neither_hangs_nor_grows(kind: str, name: str, tmp_path: Path) -> None:
    """In a process of its own: an answer well within the deadline, under 100 MiB."""
    (tmp_path / "config.json").write_text('{"model_type": "gemma3_text"}')
    for folder in ("torch-2.6.0.dist-info", "torch/lib"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "torch-2.6.0.dist-info" / "METADATA").write_text("Name: torch\nVersion: 2.6.0\n\n")
    (tmp_path / "torch" / "__init__.py").write_text("")
    (tmp_path / name).unlink(missing_ok=True)
    HOSTILE[kind][0](tmp_path / name)
    files = ["--model", str(tmp_path), "--tokenizer", str(tmp_path)]
    command = [sys.executable, "-c", REPORT, "report", *files]
    environment = {**os.environ, "PYTHONPATH": f"{PACKAGE.parent}{os.pathsep}{tmp_path}"}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=300, check=False
    )
    assert "Traceback" not in done.stderr
    assert done.returncode in {0, 1, 2, 3}, done.stderr
    peak = re.search(r"VmHWM:\s+(\d+) kB", done.stderr)
    assert peak is None or int(peak[1]) <= 100 << 10  # None: a system without /proc


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 200_000, "nested too deeply"),
        ('{"a": NaN}', "where JSON needs a number"),
        ('{"a": -Infinity}', "where JSON needs a number"),
        ('{"a": ' + "9" * 5000 + "}", "a number of 5000 digits"),
        (b"\xff\xfe{}", "not UTF-8"),
        ("{", "Expecting"),
    ],
)
def test_what_is_no_json_is_one_error(text: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        _files.parse_json(text)


@pytest.mark.parametrize("kind", ["device", "directory"])
@pytest.mark.parametrize("given", [str, Path])
def test_a_log_that_has_no_end_is_refused(kind: str, given: Any, tmp_path: Path) -> None:
    """By the command, which is given a text, and by the call, which is given a path."""
    HOSTILE[kind][0](tmp_path / "a.log")
    log = given(tmp_path / "a.log")
    if given is str:
        assert main(["explain", log]) == 2
        return
    with pytest.raises(UsageError, match="a directory|not a file or a pipe"):
        explain(log)


def test_a_log_may_come_through_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.log")
    writer = threading.Thread(target=(tmp_path / "a.log").write_text, args=("all is well\n",))
    writer.start()
    assert main(["explain", str(tmp_path / "a.log")]) == 0
    writer.join()


def test_what_is_json() -> None:
    assert _files.parse_json(b'\xef\xbb\xbf{"a": [18446744073709551615, 1e308, null]}') == {
        "a": [2**64 - 1, 1e308, None]
    }


FLOODS = {
    "stdout": "import sys\nwhile True: sys.stdout.write('x' * 65536)",
    "lines": "while True: print('{}')",
}


@pytest.mark.parametrize("code", FLOODS.values(), ids=FLOODS)
def test_a_child_that_prints_without_end_is_stopped(code: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = Child(code, []).finish(Deadline(60))
    assert (outcome.output, outcome.problem) == ("", "printed more than 1 MiB")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 << 10


def test_a_child_that_closes_its_output_and_stays_is_stopped() -> None:
    outcome = Child("import os, time; os.close(1); time.sleep(60)", []).finish(Deadline(1))
    assert outcome.output == "" and outcome.problem is not None


def reads_otherwise(text: str) -> Iterator[str]:
    """Calls that open a file, start a process or parse JSON."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name, owner = called(node.func)
        if owner in {"_files", "_Files"}:
            continue
        parses = owner == "json" and name in PARSES
        if name in OPENS or parses or owner in {"mmap", "subprocess"}:
            yield f"line {node.lineno}: {owner}.{name}"


def called(function: ast.expr) -> tuple[str, str]:
    if isinstance(function, ast.Attribute):
        return function.attr, ast.unparse(function.value)
    return (function.id, "") if isinstance(function, ast.Name) else ("", "")


# What else opens, starts or parses something, and why it is not a file of somebody else.
ALLOWED = {
    "detect/tokenizer.py": {"json.JSONDecoder"},  # one entry in the head of a tokenizer.json
    "detect/torch_build.py": {"mmap.mmap"},  # a map of an opened library
    "data/__init__.py": {".read_bytes"},  # the files that ship
    "data/releases.py": {".read_bytes", "json.loads"},
    "atlas/_container.py": {".open", "json.loads", "json.JSONDecoder"},
    "tables/checkpoints.py": {".read_bytes", "json.loads"},
    "engine/evidence.py": {".read_bytes", "json.loads"},
    "advise/proven.py": {".read_bytes", "json.loads"},
    "language.py": {".read_bytes"},
    "_explain/index.py": {".read_bytes", "json.loads"},
    "rules/__init__.py": {".read_bytes", "json.loads"},
    "report/memory.py": {"json.loads"},  # what this process has just written
    "report/remarks.py": {"json.loads"},
    "hooks/_ranks.py": {"json.loads"},  # what other ranks of the same run said
    "_cli/nodes.py": {"json.loads"},
    "hooks/run.py": {".open"},  # the script that is run
    "_cli/output.py": {".open", "os.open"},  # written
    "_cli/_elsewhere.py": {"subprocess.run", "subprocess.Popen"},  # what --python names
}


@pytest.mark.parametrize(
    "file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: str(file.relative_to(PACKAGE))
)
def test_nothing_reads_otherwise(file: Path) -> None:
    name = file.relative_to(PACKAGE).as_posix()
    found = {item.rpartition(" ")[2] for item in reads_otherwise(file.read_text(encoding="utf-8"))}
    assert name in READERS or found - ALLOWED.get(name, set()) == set()


@pytest.mark.parametrize(
    "text", ["open('a')", "Path('a').read_text()", "json.loads('a')", "subprocess.run([])"]
)
def test_the_check_of_readers_finds_them(text: str) -> None:
    assert list(reads_otherwise(text))
