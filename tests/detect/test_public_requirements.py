"""Whole stacks of public repositories that fine-tune Gemma: every pin is read, and judged.

``public_requirements.json`` has what each file states, package by package, with its source as
``owner/name@commit path``: facts, without the file's comments, hashes and addresses. Each is
written here as its tool writes it. ``packages`` was counted in the source, and ``says`` holds
the errors and warnings that are true of the pins.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from gemma_compat._cli import main
from gemma_compat.detect.packages import normalise
from gemma_compat.detect.requirements import read_requirements

ENTRIES = json.loads(
    Path(__file__).with_name("public_requirements.json").read_text(encoding="utf-8")
)
NAMES = {"requirements": "requirements.txt", "environment": "environment.yml"}
NAMES |= {"uv": "uv.lock", "poetry": "poetry.lock"}
LABELS = [entry["source"] for entry in ENTRIES]


def _pairs(entry: dict[str, str]) -> list[tuple[str, str]]:
    """Return the names and versions of a stack; no version where it was built from a folder."""
    rows = (re.split(r"={1,2}|@", row)[:2] for row in entry["rows"].split())
    return [(name, "" if version == "file" else version) for name, version in rows]


def _requirements(entry: dict[str, str]) -> str:
    rows = entry["rows"].split()
    return "\n".join(row.replace("@file", " @ file:///home/someone/it") for row in rows)


def _environment(entry: dict[str, str]) -> str:
    rows = entry["rows"].split()
    conda = [f"  - {row}" for row in rows if "==" not in row]
    pip = [f"      - {row}" for row in rows if "==" in row]
    head = ["name: train", "channels:", "  - conda-forge", "dependencies:"]
    return "\n".join([*head, *conda, "  - pip:", *pip, "prefix: /opt/conda/envs/train"])


def _lock(entry: dict[str, str]) -> str:
    """Write uv's and Poetry's blocks; uv gives those of several releases their markers."""
    pairs = _pairs(entry)
    several = {name for name, count in Counter(name for name, _ in pairs).items() if count > 1}
    lines = ["version = 1", 'requires-python = ">=3.11"']
    for name, version in pairs:
        lines += ["", "[[package]]", f'name = "{name}"', f'version = "{version}"']
        if name in several:
            lines += ["resolution-markers = [", "    \"sys_platform == 'darwin'\",", "]"]
        if entry["format"] == "poetry":
            lines += ["optional = false", "", "[package.dependencies]", 'version = "*"']
    return "\n".join(lines)


WRITERS = {
    "requirements": _requirements,
    "environment": _environment,
    "uv": _lock,
    "poetry": _lock,
}


def _file(entry: dict[str, str], folder: Path) -> Path:
    path = folder / NAMES[entry["format"]]
    path.write_text(WRITERS[entry["format"]](entry) + "\n")
    return path


def _expected(entry: dict[str, str]) -> dict[str, set[str]]:
    """Return the releases that a stack states of each Python package."""
    found: dict[str, set[str]] = {}
    for name, version in _pairs(entry):
        plain = normalise(name.partition("[")[0])
        # conda's own: its mutexes, and what every environment has
        if entry["format"] != "environment" or (name[0] != "_" and plain not in {"pip", "python"}):
            found.setdefault(plain, set()).add(version)
    return found


@pytest.mark.parametrize("entry", ENTRIES, ids=LABELS)
def test_every_pin_is_read(entry: dict[str, str], tmp_path: Path) -> None:
    found = read_requirements(str(_file(entry, tmp_path)))
    expected = _expected(entry)
    assert len(expected) == entry["packages"]
    assert {*found.versions, *found.open} == expected.keys()
    for name, releases in expected.items():
        if len({release.partition("+")[0] for release in releases} - {""}) == 1:
            assert found.versions[name].partition("+")[0] == releases.pop().partition("+")[0]
        else:  # two releases for two machines, or a folder: nothing is guessed
            assert name not in found.versions
            assert releases == {""} or set(found.open[name].split(" or ")) == releases


@pytest.mark.parametrize("entry", ENTRIES, ids=LABELS)
def test_the_columns_of_pip_and_conda_read_alike(entry: dict[str, str], tmp_path: Path) -> None:
    pairs = [(n.partition("[")[0], v) for n, v in _pairs(entry) if v and n[0] != "_"]
    pip, conda = tmp_path / "pip.txt", tmp_path / "conda.txt"
    head = "Package                  Version\n------------------------ -----------\n"
    pip.write_text(head + "".join(f"{name:<24} {version}\n" for name, version in pairs))
    head = "# packages in environment at /opt/conda:\n#\n# Name      Version     Build  Channel\n"
    rows = (f"{name:<24} {version:<18} pypi_0    pypi\n" for name, version in pairs)
    conda.write_text(head + "".join(rows))
    # Both list what is installed, so a name stands there once: a lock's second one is open.
    plain = read_requirements(str(pip))
    assert {normalise(name) for name, _ in pairs} == {*plain.versions, *plain.open}
    assert read_requirements(str(conda)).versions == plain.versions


@pytest.mark.parametrize("entry", ENTRIES, ids=LABELS)
def test_the_report_says_what_is_true(
    entry: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["report", "--requirements", str(_file(entry, tmp_path)), "--model", entry["model"]]
    code = main([*command, *entry["run"].split(), "--format", "json"])
    out = capsys.readouterr()
    report = json.loads(out.out)
    said = [f["code"] for f in report["findings"] if f["severity"] != "notice"]
    assert " ".join(said) == entry["says"] and "Traceback" not in out.err
    assert code == (1 if any(f["severity"] == "error" for f in report["findings"]) else 0)


def test_there_are_ten_and_in_every_format() -> None:
    assert len({entry["source"].partition("@")[0] for entry in ENTRIES}) >= 10
    assert {entry["format"] for entry in ENTRIES} == WRITERS.keys()
    assert all(re.match(r"[\w-]+/[\w.-]+@[0-9a-f]{7,} \S", label) for label in LABELS)
