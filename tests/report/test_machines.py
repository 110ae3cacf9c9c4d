"""The formats that machines read: GitHub's commands, SARIF and JUnit, with the right lines."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from gemma_compat._cli import main
from gemma_compat.engine.condition import Condition
from gemma_compat.engine.gate import Gate, Ignored, Remark
from gemma_compat.engine.place import Place
from gemma_compat.engine.rule import Problem, Severity
from gemma_compat.report import github, junit, sarif
from gemma_compat.report.entries import entries

from . import made

jsonschema = pytest.importorskip("jsonschema")  # not in the core tests
SCHEMA = json.loads((Path(__file__).parent / "schema/sarif-schema-2.1.0.json").read_text("utf-8"))
ODD = Problem("100%0A wrong: a, b\r\nsecond <line> & \x00", "pip install 'x>=2'")
PIN = Place("requirements.txt", 4)
IN_BF16 = Condition("the run uses bf16", lambda facts: facts.training.mixed_precision == "bf16")
PACKED = Condition("samples are packed", lambda facts: facts.training.packing)
EXPIRED = Remark("ignore-expired", Severity.WARNING, "it ended", "remove it", Place("p.toml", 2))


def gate(*rules: Any, **changes: Any) -> Gate:
    return Gate(**{"rules": rules, "pins": {"transformers": PIN}, **changes})


def rendered(module: Any, *rules: Any, **changes: Any) -> str:
    text: str = module.render(made.diagnosis(made.with_model(), *rules), gate(*rules, **changes))
    return text


def decoded(command: str) -> dict[str, str]:
    """Read a command as the runner of GitHub Actions does."""
    found = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", command)
    assert found is not None, command
    fields = dict(part.split("=", 1) for part in found[2].split(","))

    def plain(text: str) -> str:
        for code, char in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
            text = text.replace(code, char)
        return text

    return {"level": found[1], "text": plain(found[3]), **{k: plain(v) for k, v in fields.items()}}


def test_github_annotates_the_line_and_escapes() -> None:
    first, *rest = rendered(github, made.rule(1, problem=ODD)).splitlines()
    said = decoded(first)
    assert (said["level"], said["file"], said["line"]) == ("error", "requirements.txt", "4")
    assert said["title"] == "GC101 made-defect-1"
    assert said["text"].startswith("100%0A wrong: a, b\r\nsecond <line> & ?\nhelp: pip install")
    assert rest == [f"gemma_compat {made_version()}: 1 error."]


def made_version() -> str:
    from gemma_compat import __version__

    return __version__


def test_a_remark_and_an_ignore_are_told() -> None:
    rule = made.rule(1)
    finding = made.diagnosis(made.with_model(), rule).findings[0]
    ignored = (Ignored(finding, "we patch", "2027-01-31"),)
    text = rendered(github, remarks=(EXPIRED,), ignored=ignored, policy="p.toml")
    assert decoded(text.splitlines()[0])["line"] == "2"
    assert "policy p.toml" in text and "ignored GC101 until 2027-01-31: we patch" in text
    log = json.loads(rendered(sarif, remarks=(EXPIRED,), ignored=ignored))
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    kept, suppressed = log["runs"][0]["results"]
    assert kept["ruleId"] == "ignore-expired" and "suppressions" not in kept
    assert suppressed["suppressions"][0]["justification"] == "we patch (until 2027-01-31)"
    left = made.diagnosis(made.with_model())
    text = junit.render(left, gate(rule, ignored=ignored))
    (skipped,) = ElementTree.fromstring(text.encode()).iter("skipped")
    assert skipped.attrib["message"] == "ignored until 2027-01-31: we patch"


@pytest.mark.parametrize(
    ("when", "known", "place"),
    [
        ((), {}, PIN),
        ((IN_BF16,), {"pins": {}, "files": {"training": Place("args.json")}}, Place("args.json")),
        ((), {"pins": {}, "files": {"training": Place("args.json")}}, None),
        ((made.ON_WEIGHTS,), {"pins": {}, "files": {"model": Place("m/config.json")}}, "model"),
        ((IN_BF16,), {"files": {"training": Place("args.json")}}, PIN),
    ],
)
def test_the_best_place(when: Any, known: dict[str, Any], place: Any) -> None:
    rule = made.rule(1, when=when)
    (entry,) = entries(made.diagnosis(made.with_model(), rule), gate(rule, **known))
    first = entry.places[0] if entry.places else None
    assert first == (Place("m/config.json") if place == "model" else place)


def test_sarif_follows_the_published_schema() -> None:
    assert SCHEMA["id"] == sarif.SCHEMA
    rules = (made.rule(1, problem=ODD, when=(IN_BF16,)), made.rule(2, when=(PACKED,)))
    more = {"files": {"training": Place("a b/args.json")}, "remarks": (EXPIRED,)}
    log = json.loads(rendered(sarif, *rules, **more))
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    (run,) = log["runs"]
    first, second = run["results"]
    assert (first["ruleId"], first["level"], second["level"]) == ("GC101", "error", "warning")
    where = first["locations"][0]["physicalLocation"]
    assert where["artifactLocation"]["uri"] == "requirements.txt"
    assert where["region"] == {"startLine": 4}
    related = first["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert related == "a%20b/args.json"
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert "GC102 is not decided: unknown training.packing" in note["message"]["text"]
    assert run["invocations"][0]["executionSuccessful"] is True


def test_a_planted_fault_breaks_the_schema() -> None:
    log = json.loads(rendered(sarif, made.rule(1)))
    log["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(SCHEMA).validate(log)


def test_a_fingerprint_outlives_lines_and_words() -> None:
    def fingerprint(line: int, words: str, code: int = 1) -> str:
        rule = made.rule(code, problem=Problem(words, "x"))
        pins = {"transformers": Place("requirements.txt", line)}
        log = json.loads(rendered(sarif, rule, pins=pins))
        marks: dict[str, str] = log["runs"][0]["results"][0]["partialFingerprints"]
        return marks["gemmaCompat/v1"]

    assert fingerprint(4, "a") == fingerprint(9, "b") != fingerprint(4, "a", code=2)


def test_junit_counts_what_it_lists() -> None:
    rules = (
        made.rule(1, problem=ODD),
        made.rule(2, severity=Severity.NOTICE),
        made.rule(3, when=(PACKED,)),
        made.rule(4, scopes=()),
    )
    suites = ElementTree.fromstring(rendered(junit, *rules, remarks=(EXPIRED,)).encode())
    suite = suites.find("testsuite")
    assert suite is not None
    cases = {case.attrib["name"]: [part.tag for part in case] for case in suite.iter("testcase")}
    assert cases == {
        "GC101 made-defect-1": ["failure"],
        "GC102 made-defect-2": ["system-out"],
        "GC103 made-defect-3": ["skipped"],
        "GC104 made-defect-4": [],
        "ignore-expired": ["system-out"],
    }
    counted = {name: suite.attrib[name] for name in ("tests", "failures", "skipped", "errors")}
    assert counted == {"tests": "5", "failures": "1", "skipped": "1", "errors": "0"}
    failing = rendered(junit, *rules, remarks=(EXPIRED,), fail_on="warning")
    assert 'failures="2"' in failing
    assert 'failures="0"' in rendered(junit, *rules, fail_on="never")


def test_no_path_leaves_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    problem = Problem("cannot read /home/lovelace/secret/x.json", "rm /home/lovelace/secret/y")
    pins = {"transformers": Place("/home/lovelace/secret/requirements.txt", 1)}
    for module in (github, sarif, junit):
        assert "lovelace" not in rendered(module, made.rule(1, problem=problem), pins=pins)


FORMATS = {"github": "::error", "sarif": '"GC101"', "junit": "<failure", "json": '"GC101"'}


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    Path("requirements.txt").write_text("torch==2.6.0\n\n\ntransformers==4.50.3\n")
    Path("args.json").write_text('{"bf16": true, "eval_strategy": "steps"}')
    given = ["--requirements", "requirements.txt", "--model", "google/gemma-3-4b-it"]
    return ["report", *given, "--args", "args.json", "--select", "GC101", "--gpu", "T4"]


@pytest.mark.parametrize("form", FORMATS)
def test_output_goes_beside_the_text(form: str, broken: list[str], capsys: Any) -> None:
    assert main([*broken, "--format", form, "--output", "out"]) == 1
    assert capsys.readouterr().out.startswith("gemma_compat ")
    written = Path("out").read_text("utf-8")
    assert FORMATS[form] in written
    assert main([*broken, "--format", form]) == 1
    assert capsys.readouterr().out == written
    if form == "github":
        assert decoded(written.splitlines()[0])["line"] == "4"


def test_what_cannot_be_written_is_one_line(broken: list[str], capsys: Any) -> None:
    assert main([*broken, "--output", "no/such/folder"]) == 2
    assert "cannot write no/such/folder" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["github", "sarif", "junit"])
def test_no_diagnosis_is_an_error_for_machines(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    from gemma_compat.facts import Facts

    monkeypatch.chdir(tmp_path)
    found = Facts(packages={"torch": None, "transformers": None})
    monkeypatch.setattr("gemma_compat.detect.detect_facts", lambda *a, **k: found)
    assert main(["report", "--format", form]) == 3
    said = capsys.readouterr().out
    assert "no-diagnosis" in said
    if form == "sarif":
        assert json.loads(said)["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_undetermined_counts_only_where_an_option_decides(
    broken: list[str], tmp_path: Path, capsys: Any
) -> None:
    def with_select(code: str) -> list[str]:
        return [code if item == "GC101" else item for item in broken]

    more = ["--fail-on", "never", "--fail-on-undetermined"]
    assert main([*with_select("GC611"), *more]) == 1  # --lora or --full decides it
    assert main([*with_select("GC611"), "--full", *more]) == 0
    assert main([*with_select("GC603"), *more]) == 0  # only the weights would
    assert main([*with_select("GC1002"), *more]) == 0  # options, and a live model too
    assert main([*with_select("GC603"), "--fail-on", "never"]) == 0
    assert "GC603" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("said", "name", "statuses"),
    [
        ("failed: RuntimeError: x", "import-failed", (1, 1)),
        ("crashed with signal 11 (SIGSEGV)", "import-failed", (1, 1)),
        ("not finished within 60 s", "import-unfinished", (0, 1)),
        ("needs a GPU: failed: NotImplementedError: x", "", (0, 0)),
    ],
)
def test_an_import_that_failed_is_a_finding(
    said: str, name: str, statuses: tuple[int, int], monkeypatch: Any, capsys: Any
) -> None:
    facts = made.facts(imports={"torch": "ok", "unsloth": said})
    monkeypatch.setattr("gemma_compat.detect.detect_facts", lambda *a, **k: facts)
    arguments = ["report", "--no-config", "--select", "GC601", "--format", "sarif"]
    for threshold, status in zip(("error", "warning"), statuses, strict=True):
        assert main([*arguments, "--fail-on", threshold]) == status
        results = json.loads(capsys.readouterr().out)["runs"][0]["results"]
        assert [item["ruleId"] for item in results] == ([name] if name else [])


def test_the_timeout_is_for_the_probe(monkeypatch: Any, capsys: Any) -> None:
    asked: dict[str, Any] = {}

    def detect(*args: Any, **options: Any) -> Any:
        asked.update(options)
        return made.facts()

    monkeypatch.setattr("gemma_compat.detect.detect_facts", detect)
    assert main(["report", "--no-config", "--probe", "--timeout", "7"]) == 0
    assert asked["probe_seconds"] == 7.0
    assert main(["report", "--no-config", "--timeout", "7"]) == 2
