"""``report --compare``: what differs from a saved report, and what of it fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gemma_compat._cli import main
from gemma_compat.facts import Facts, Gpu, Package, TorchBuild

KNOWN: dict[str, Any] = {
    "python": "3.11.7",
    "platform": "linux",
    "packages": {
        "torch": Package(name="torch", version="2.6.0"),
        "transformers": Package(name="transformers", version="5.23.0", location="/home/ada/v"),
        "trl": Package(name="trl", version="1.16.0"),
        "safetensors": Package(name="safetensors", version="0.6.0"),
    },
    "torch": TorchBuild(version="2.6.0+cu124", cuda="12.4", hip=None, arch_list=("sm_90",)),
    "gpus": (Gpu(index=0, name="NVIDIA H200", compute_capability=(9, 0), memory_total=143771),),
    "driver": "550.54",
    "environment": {"NCCL_SOCKET_IFNAME": "a private name"},  # shared as hidden
}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    """A function that reports on a machine with these facts: the exit status and what it said."""
    monkeypatch.chdir(tmp_path)

    def report(*arguments: str, **changes: Any) -> tuple[int, str]:
        facts = Facts(**{**KNOWN, **changes})
        monkeypatch.setattr("gemma_compat.detect.detect_facts", lambda *a, **k: facts)
        status = main(["report", "--no-config", *arguments])
        said = capsys.readouterr()
        return status, said.out + said.err

    _, text = report("--format", "json")
    Path("saved.json").write_text(text)
    return report


def packages(**changes: Any) -> dict[str, Any]:
    made = {n.replace("_", "-"): v and Package(name=n, version=v) for n, v in changes.items()}
    return {"packages": {**KNOWN["packages"], **made}}


def test_the_same_machine_has_no_drift(machine: Any) -> None:
    status, said = machine("--compare", "saved.json")
    assert status == 0 and "drift" not in said


@pytest.mark.parametrize(
    ("changes", "said", "status"),
    [
        (packages(trl="1.15.0"), "error drift: trl: 1.16.0 there, 1.15.0 here", 1),
        (packages(trl=None), "error drift: trl: 1.16.0 there, not installed here", 1),
        ({"driver": "580.1"}, "error drift: driver: 550.54 there, 580.1 here", 1),
        ({"gpus": ()}, "error drift: gpus: 1 x NVIDIA H200 there, none here", 1),
        (
            {"environment": {**KNOWN["environment"], "NCCL_P2P_LEVEL": "NVL"}},
            "NCCL_P2P_LEVEL: not set there, NVL",
            1,
        ),
        (packages(safetensors="0.6.1"), "notice drift: safetensors: 0.6.0 there, 0.6.1", 0),
        ({"python": "3.11.9"}, "notice drift: python: 3.11.7 there, 3.11.9 here", 0),
        ({"python": "3.12.1"}, "error drift: python", 1),
    ],
)
def test_what_changed(changes: dict[str, Any], said: str, status: int, machine: Any) -> None:
    found, text = machine("--compare", "saved.json", **changes)
    assert " ".join(text.split()).find(said) >= 0, text
    assert found == status
    assert machine("--compare", "saved.json", "--fail-on", "never", **changes)[0] == 0


def test_what_is_unknown_here_is_no_drift(machine: Any) -> None:
    from gemma_compat.facts import UNKNOWN

    status, text = machine("--compare", "saved.json", driver=UNKNOWN)
    assert status == 0 and "notice drift: driver: 550.54 there, unknown here" in text


def test_rules_that_fire_on_one_side_only(machine: Any) -> None:
    saved = json.loads(Path("saved.json").read_text())
    Path("saved.json").write_text(json.dumps({**saved, "findings": [{"code": "GC101"}]}))
    _, text = machine("--compare", "saved.json")
    assert "notice findings-changed: against saved.json" in " ".join(text.split())
    assert "only there: GC101" in " ".join(text.split())


def test_sarif_has_it_too(machine: Any) -> None:
    _, text = machine("--compare", "saved.json", "--format", "sarif", driver="580.1")
    (result,) = json.loads(text)["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("drift", "error")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "only a part of one"),
        ('{"a": 1}', "not a report of gemma_compat"),
        ('{"schema_version": 1, "tool_version": "1", "groups": [], "nodes": []}', "one machine"),
    ],
)
def test_a_file_that_is_none(text: str, said: str, machine: Any) -> None:
    Path("other.json").write_text(text)
    status, found = machine("--compare", "other.json")
    assert status == 2 and said in found and len(found.splitlines()) == 1


def test_a_job_is_compared_by_merge(machine: Any) -> None:
    status, said = machine("--compare", "saved.json", "--merge", "saved.json")
    assert status == 2 and "--merge compares a job" in said
