"""``make drift``: which rules rest on code that a release changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from gemma_compat.atlas._package import PackageIndex
from gemma_compat.rules import all_rules
from tools.atlas import drift, new
from tools.atlas.drift import Change, Rest

from .made import make_index

BEFORE = {
    "trl/trainer.py": "def f():\n    return 1\n\n\ndef g():\n    return 1\n",
    "trl/model.py": "class Model:\n    def forward(self):\n        return 1\n",
    "trl/config.py": "class GemmaConfig:\n    old = 1\n    kept = 1\n",
}
AFTER = {
    "trl/trainer.py": "import os\n\n\ndef f():\n    return 1\n\n\ndef g():\n    return 2\n",
    "trl/model.py": "class Model:\n    def forward(self):\n        return 2\n",
    "trl/config.py": "class GemmaConfig:\n    kept = 1\n    fresh = 1\n",
}
MOVED = Rest("raise", "trl", "trl/trainer.py", "f")
CHANGED = Rest("raise", "trl", "trl/trainer.py", "g")
MODEL = Rest("class", "trl", "trl/model.py", "Model")
ELSEWHERE = Rest("raise", "peft", "peft/other.py", "h")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> PackageIndex:
    folder = tmp_path_factory.mktemp("drift")
    return PackageIndex("trl", make_index(folder, "trl", {"1.0.0": BEFORE, "1.1.0": AFTER}))


def test_what_only_moved_has_not_changed(index: PackageIndex) -> None:
    assert drift.changes({MOVED, ELSEWHERE}, index, 0, 1) == []


def test_what_changed_is_listed(index: PackageIndex) -> None:
    found = drift.changes({MOVED, CHANGED, MODEL}, index, 0, 1)
    assert found == [Change(MODEL, "changed"), Change(CHANGED, "changed")]


def test_what_is_gone_and_what_is_new(index: PackageIndex) -> None:
    fields = {Rest("field", "trl", "", name) for name in ("old", "kept", "fresh")}
    found = {change.rest.name: change.how for change in drift.changes(fields, index, 0, 1)}
    assert found == {"old": "gone", "fresh": "new"}


def test_a_rule_rests_on_what_raises_its_error_and_on_the_fields_it_reads() -> None:
    modules = drift.modules_of_rules()
    rule = next(rule for rule in all_rules() if rule.code == "GC801")
    found = drift.rests(rule, modules.get("GC801"))
    raised = {rest.where for rest in found if rest.kind == "raise"}
    assert "transformers/models/gemma3/modeling_gemma3.py" in raised


@pytest.mark.long
def test_every_rule_can_be_asked() -> None:
    modules = drift.modules_of_rules()
    resting = [rule.code for rule in all_rules() if drift.rests(rule, modules.get(rule.code))]
    assert len(resting) >= 40


def test_a_release_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert drift.main(["--package", "peft", "--version", "99.0"]) == 2
    assert capsys.readouterr().err == "drift: error: the atlas has no peft 99.0\n"
    assert drift.main(["--package", "numpy"]) == 2


def test_nothing_new_is_nothing_to_look_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(new, "FILE", tmp_path / "new.json")
    assert drift.main(["--new"]) == 0
    assert capsys.readouterr().out == "no new release\n"
    have = new.shipped()
    have["peft"].discard("0.21.2")
    assert new.record(have) == [("peft", "0.21.2")] == new.added()
