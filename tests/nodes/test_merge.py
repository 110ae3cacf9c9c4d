"""``report --merge``: bad files are named, and the rest is merged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gemma_compat import __version__
from gemma_compat._cli import main
from gemma_compat.report.sharing import shareable_facts
from tests.conftest import facts_for


def write(folder: Path, name: str, **changes: Any) -> str:
    facts = shareable_facts(facts_for("gemma4", changes.pop("transformers", "5.23.0")))
    document = {"schema_version": 1, "tool_version": __version__, "facts": facts, **changes}
    (folder / f"{name}.json").write_text(json.dumps(document))
    return str(folder / f"{name}.json")


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:700])


def _huge(path: Path) -> None:
    with path.open("wb") as file:  # a hole: no disk is used
        file.write(b'{"facts": "')
        file.truncate(1 << 30)


def _replaced(text: str) -> Any:
    return lambda path: path.write_text(text)


def _with(facts: dict[str, Any]) -> Any:
    def change(path: Path) -> None:
        document = json.loads(path.read_text())
        document["facts"].update(facts)
        path.write_text(json.dumps(document))

    return change


BAD = {
    "truncated": (_truncated, "only a part of one"),
    "a string of 1 GB": (_huge, "larger than"),
    "another schema": (_replaced('{"schema_version": 7, "tool_version": "9.1"}'), "9.1"),
    "no report": (_replaced('{"a": 1}'), "not a report of gemma_compat"),
    "a list": (_replaced("[1]"), "no JSON object"),
    "empty": (_replaced(""), "empty"),
    "deep": (_replaced("[" * 200_000), "nested too deeply"),
    "binary": (lambda path: path.write_bytes(b"\xff\xfe\x00\x01"), "not UTF-8"),
    "a number for text": (_with({"python": 3}), "facts.python: expected text"),
    "a list for a version": (_with({"packages": {"torch": {"version": ["2"]}}}), "version"),
    "a field of a later release": (_with({"moon": "full"}), "moon"),
    "a long text": (_with({"python": "x" * 100_000}), "at most"),
    "infinity": (_with({"gpus": [{"compute_capability": [float("inf"), 0]}]}), "infinity"),
    "a node twice in a job": (
        _replaced(
            f'{{"schema_version": 1, "tool_version": "{__version__}", "groups": [{{"facts": {{}}}}]'
            ',"nodes": [{"name": "a", "group": 1}, {"name": "a", "group": 1}]}'
        ),
        "lists a node twice",
    ),
    "a list for an object": (_with({"packages": []}), "facts"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_named_and_the_rest_is_merged(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage, told = BAD[kind]
    files = [write(tmp_path, name) for name in ("node1", "node2", "node3")]
    damage(Path(files[1]))
    assert main(["report", "--merge", *files]) == 2
    out, err = capsys.readouterr()
    assert "a job of 2 nodes" in out
    assert err.count("\n") == 1
    assert files[1] in err
    assert told in err


def test_a_file_or_a_node_given_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other").mkdir()
    files = [write(tmp_path, "node1"), write(tmp_path / "other", "node1"), write(tmp_path, "node2")]
    assert main(["report", "--merge", *files, files[0]]) == 2
    out, err = capsys.readouterr()
    assert "a job of 2 nodes" in out
    assert f"node node1 is in {files[0]} already" in err
    assert f"{files[0]}: given twice" in err


def test_nothing_that_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--merge", str(tmp_path), str(tmp_path / "none.json")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "a directory" in err
    assert "No such file" in err


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_skew_fails_the_job(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [write(tmp_path, "node1"), write(tmp_path, "node2", transformers="5.17.0")]
    assert main(["report", "--merge", *files, "--format", form]) == 1
    assert "5.17.0" in capsys.readouterr().out
    assert main(["report", "--merge", *files, "--fail-on", "never"]) == 0


def test_a_merged_report_can_be_merged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [write(tmp_path, "node1"), write(tmp_path, "node2", transformers="5.17.0")]
    main(["report", "--merge", *files, "--format", "json"])
    whole = tmp_path / "rack1.json"
    whole.write_text(capsys.readouterr().out)
    main(["report", "--merge", str(whole), write(tmp_path, "node3")])
    assert "a job of 3 nodes, in 2 groups" in capsys.readouterr().out


@pytest.mark.parametrize(
    "options",
    [
        ["--merge", "x.json", "--all-ranks"],
        ["--merge", "x.json", "--model", "google/gemma-3-4b-it"],
        ["--merge", "x.json", "--gpu", "T4"],
        ["--all-ranks", "--gpu", "T4"],
        ["--timeout", "5"],
        ["--all-ranks", "--timeout", "0"],
        ["--merge"],
    ],
)
def test_contradictions(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", *options]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_usual_report_can_be_merged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["report", "--format", "json"])
    (tmp_path / "here.json").write_text(capsys.readouterr().out)
    main(["report", "--merge", str(tmp_path / "here.json")])
    out, err = capsys.readouterr()
    assert "here" in out
    assert err == ""
