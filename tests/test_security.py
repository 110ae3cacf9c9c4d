"""What SECURITY.md claims, and the tools that check it: each shown a planted fault."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tools import audit

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "gemma_compat").rglob("*.py"))
NETWORK = {"aiohttp", "ftplib", "http", "httpx", "requests", "smtplib", "ssl", "urllib", "urllib3"}
# Works on text: nothing is opened by it.
HARMLESS = {"urllib.parse"}


def imported(text: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {item.name for item in node.names}
        if isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module))
    return found


def opens_connections(text: str) -> set[str]:
    names = imported(text) - HARMLESS
    return {name for name in names if name.partition(".")[0] in {*NETWORK}}


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_opens_a_connection(file: Path) -> None:
    assert not opens_connections(file.read_text("utf-8"))


@pytest.mark.parametrize("text", ["import requests", "from urllib.request import urlopen"])
def test_a_planted_connection_is_found(text: str) -> None:
    assert opens_connections(text)


@pytest.mark.parametrize("name", ["pickle", "marshal", "shelve", "dill", "joblib"])
def test_nothing_is_unpickled_from_a_file(name: str) -> None:
    users = [file.name for file in FILES if name in imported(file.read_text("utf-8"))]
    assert not users


@pytest.mark.long
@pytest.mark.skipif(find_spec("bandit") is None, reason="`make check` has it")
def test_bandit(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bandit", "-q", "-c", str(ROOT / "pyproject.toml"), "-r"]
    done = subprocess.run([*command, str(ROOT / "gemma_compat")], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()
    (tmp_path / "planted.py").write_text(
        "import subprocess\nsubprocess.run(input(), shell=True)\neval(input())\n"
    )
    assert subprocess.run([*command, str(tmp_path)], capture_output=True).returncode == 1


CLEAN = {"name": "packaging", "version": "26.3", "vulns": []}
WEAK = {
    "name": "old",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}],
}
SKIPPED = {"name": "lost", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("items", "problem", "required", "status", "said"),
    [
        ([CLEAN], None, "", 0, "no known vulnerability"),
        ([CLEAN, WEAK], None, "", 1, "old 1.0: PYSEC-1, fixed in 1.1"),
        ([CLEAN, SKIPPED], None, "", 0, "NOT AUDITED: no answer for 1 packages (lost)"),
        ([CLEAN, SKIPPED], None, "required", 1, "NOT AUDITED"),
        ([WEAK, SKIPPED], None, "", 1, "NOT AUDITED"),
        ([], "OSV gave no answer (x)", "", 0, "NOT AUDITED: OSV gave no answer"),
        ([], "OSV gave no answer (x)", "required", 1, "NOT AUDITED"),
    ],
)
def test_an_audit_is_never_green_without_an_answer(
    items: list[Any],
    problem: str | None,
    required: str,
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = json.dumps({"dependencies": items, "fixes": []})
    monkeypatch.setattr(audit, "_run", lambda files: ("" if problem else text, problem))
    monkeypatch.setenv("AUDIT", required)
    assert audit.main() == status
    printed = capsys.readouterr().out
    assert said in printed
    assert ("no known vulnerability" in printed) == (said == "no known vulnerability")


def test_every_pin_that_ships_is_audited() -> None:
    assert all((ROOT / "requirements" / name).is_file() for name in audit.FILES)
    image = (ROOT / "requirements" / "image.txt").read_text("utf-8")
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    for name in ("packaging", "nvidia-ml-py", "resolvelib"):
        assert f'"{name}"' in project and f"{name}==" in image


def test_the_tools_of_a_release_have_hashes() -> None:
    text = (ROOT / "requirements" / "release.txt").read_text("utf-8")
    entries = [line for line in text.splitlines() if "==" in line and not line.startswith("#")]
    assert entries and all(line.endswith("\\") for line in entries), "a pin without a hash"
    assert text.count("--hash=sha256:") >= len(entries)
