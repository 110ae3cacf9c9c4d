"""Each command's JSON follows its published schema, and says nothing that the schema does not."""

from __future__ import annotations

import io
import json
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from gemma_compat._cli import COMMANDS, main
from tools import schemas

jsonschema = pytest.importorskip("jsonschema")  # not in the core tests
ROOT = Path(__file__).resolve().parent.parent
LOGS = sorted((ROOT / "tests" / "explain" / "logs").iterdir())
STACK = ["--with", "transformers==4.50.3,torch==2.6.0+cu124,peft==0.15.0", "--gpu", "T4"]
MODEL = ["--model", "google/gemma-3-27b-it"]
RUN = ["--bf16", "--evaluates", "--full", "--batch-size", "8", "--max-length", "8192"]
EXPIRED = 'ignore = [{rule = "GC607", reason = "x", expires = 2000-01-01}]\n'
VALID = 'ignore = [{rule = "GC101", reason = "x"}]\n'
CASES: dict[str, list[list[str]]] = {
    "report": [["report"], ["report", *STACK], ["report", *MODEL, *STACK, *RUN]],
    "matrix": [["matrix"]],
    "supports": [["supports", "--model", "google/gemma-3n-E2B-it"]],
    "gpu": [["gpu"], ["gpu", "T4"], ["gpu", "sm_90"], ["gpu", "MI300X"]],
    "memory": [
        ["memory", *MODEL, "--gpu", "T4", *RUN],
        ["memory", *MODEL, "--gpu", "H200", "--lora", "--load-in-4bit"],
        ["memory", *MODEL, "--gpu", "all", *RUN],
    ],
    "advise": [
        ["advise", *MODEL, "--gpu", "T4", "--fresh"],
        ["advise", *MODEL, "--fresh", "--with", "trl==1.16.0", "--with", "transformers==4.50.3"],
        ["advise", *MODEL, "--gpu", "A100-40GB", "--tune", "--lora", "--bf16"],
    ],
}


def published(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (ROOT / "docs" / "schema" / f"{name}.schema.json").read_text("utf-8")
    )
    jsonschema.Draft202012Validator.check_schema(found)
    return found


def strict(schema: Any) -> Any:
    """The schema, with every field refused that it does not name."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        made["additionalProperties"] = False
    return made


@lru_cache(maxsize=None)
def validator(name: str) -> Any:
    return jsonschema.Draft202012Validator(strict(published(name)))


def problems(name: str, document: Any) -> list[str]:
    found = [
        jsonschema.exceptions.best_match([item]) for item in validator(name).iter_errors(document)
    ]
    return [f"{item.json_path}: {item.message[:300]}" for item in found]


def printed(arguments: list[str], capsys: Any) -> Any:
    main([*arguments, "--format", "json"])
    said = capsys.readouterr()
    assert said.out, said.err
    return json.loads(said.out)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [pytest.param(n, c, id=" ".join(c)) for n, cases in CASES.items() for c in cases],
)
def test_a_command_keeps_its_schema(name: str, arguments: list[str], capsys: Any) -> None:
    assert problems(name, printed(arguments, capsys)) == []


@pytest.mark.skipif(sys.version_info < (3, 11), reason="reads TOML")
@pytest.mark.parametrize("text", [EXPIRED, VALID])
def test_a_report_with_a_policy(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("gemma-compat.toml").write_text(text)
    found = printed(["report", *MODEL, *STACK, *RUN], capsys)
    assert problems("report", found) == []
    assert found["remarks"] or found["ignored"]


def test_a_job_keeps_its_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, more in (("a", MODEL), ("b", []), ("c", RUN)):
        document = printed(["report", "--no-config", *STACK, *more], capsys)
        Path(f"{name}.json").write_text(json.dumps(document))
    Path("bad.json").write_text("{")
    document = printed(["report", "--merge", "a.json", "b.json", "c.json", "bad.json"], capsys)
    assert len(document["groups"]) == 3 and document["unread"] and document["differences"]
    assert problems("job", document) == []


@pytest.mark.parametrize("log", LOGS, ids=lambda path: path.name)
def test_an_explanation_keeps_its_schema(log: Path, capsys: Any) -> None:
    assert problems("explain", printed(["explain", str(log)], capsys)) == []


def test_a_log_on_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    text = b'Traceback (most recent call last):\n  File "t.py", line 3, in f\nValueError: zork\n'
    stdin = io.TextIOWrapper(io.BytesIO(text))
    monkeypatch.setattr("sys.stdin", stdin)
    document = printed(["explain", "-"], capsys)
    assert document["unrecognised"] and problems("explain", document) == []


def test_every_command_that_prints_json_has_a_schema() -> None:
    printing = set(COMMANDS) - {"run", "rule"}  # one has no format, the other a page by hand
    assert printing <= schemas.schemas().keys() | {"rules"}


def test_what_is_published_is_up_to_date(capsys: Any) -> None:
    assert schemas.main(["--check"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    "plant",
    [
        {"undocumented": 1},
        {"findings": [{"code": "GC101"}]},
        {"schema_version": 2},
        {"facts": {"python": 3}},
        {"facts": {"moon": "full"}},
        {"plan": {}},
        {"policy": 1},
    ],
)
def test_a_planted_fault_is_found(plant: dict[str, Any], capsys: Any) -> None:
    assert problems("report", {**printed(["report", *STACK], capsys), **plant})


def test_a_stale_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "HOME", tmp_path)
    assert schemas.main(["--check"]) == 1
    assert schemas.main([]) == 0 and schemas.main(["--check"]) == 0
