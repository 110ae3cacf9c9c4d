"""``explain --format github`` and ``sarif``: each cause at its line of the log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gemma_compat._cli import main

from .test_machines import SCHEMA, decoded

jsonschema = pytest.importorskip("jsonschema")  # not in the core tests
KNOWN = """\
transformers 4.50.3
model google/gemma-3-4b-it
Traceback (most recent call last):
  File "/home/someone/train.py", line 3, in <module>
    trainer.evaluate()
AttributeError: 'HybridCache' object has no attribute 'float'
"""
CASES = {KNOWN: ["GC101"], "RuntimeError: wobble\n": ["unrecognised"], "all is well\n": []}


def explained(text: str, form: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    (folder / "run.log").write_text(text, "utf-8")
    main(["explain", "run.log", "--format", form])
    return capsys.readouterr().out


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("text", "names"), CASES.items())
def test_sarif(text: str, names: list[str], folder: Path, capsys: Any) -> None:
    document = json.loads(explained(text, "sarif", folder, capsys))
    jsonschema.validate(document, SCHEMA)
    (run,) = document["runs"]
    assert [result["ruleId"] for result in run["results"]] == names
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "run.log"
        assert place["region"]["startLine"] == text.count("\n")


@pytest.mark.parametrize(("text", "names"), CASES.items())
def test_github(text: str, names: list[str], folder: Path, capsys: Any) -> None:
    *commands, verdict = explained(text, "github", folder, capsys).splitlines()
    found = [decoded(command) for command in commands]
    assert [item["title"].split()[0] for item in found] == names
    assert {item["line"] for item in found} <= {str(text.count("\n"))}
    assert verdict.startswith("gemma_compat ")


def test_nothing_private_is_in_them(folder: Path, capsys: Any) -> None:
    for form in ("github", "sarif"):
        assert "someone" not in explained(KNOWN, form, folder, capsys)


def test_the_text_of_the_error_is_an_excerpt(folder: Path, capsys: Any) -> None:
    assert "wobble" not in explained("RuntimeError: wobble\n", "github", folder, capsys)


def test_a_rule_has_no_lines_of_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "GC101", "--format", "sarif"]) == 2
    assert "is for a log" in capsys.readouterr().err
