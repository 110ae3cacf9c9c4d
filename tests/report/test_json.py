"""The JSON report: one document, its shape, and values that JSON does not have."""

from __future__ import annotations

import json
from typing import Any

from gemma_compat import __version__
from gemma_compat.engine.plan import make_plan
from gemma_compat.facts import Facts, ModelFacts, TrainingFacts
from gemma_compat.report.json import render_diagnosis

from . import made


def load(known: Facts, *rules: Any) -> dict[str, Any]:
    found = made.diagnosis(known, *rules)

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    document: dict[str, Any] = json.loads(
        render_diagnosis(found, make_plan(found)), parse_constant=refuse
    )
    return document


def test_top_level_fields() -> None:
    document = load(made.facts())
    assert document["schema_version"] == 1
    assert document["tool_version"] == __version__
    assert set(document) == {
        "schema_version",
        "tool_version",
        "facts",
        "findings",
        "undetermined",
        "plan",
        "not_checked",
    }


def test_finding() -> None:
    (finding,) = load(made.with_model(), made.rule(reports=("o/r#1",), symptoms=("it broke",)))[
        "findings"
    ]
    assert finding == {
        "code": "GC101",
        "name": "made-defect-1",
        "severity": "error",
        "title": "The made defect number 1 breaks it",
        "applicability": "safe",
        "evidence": "ran",
        "silent": False,
        "upstream": ["o/r#1"],
        "message": "it breaks, badly",
        "help": "pip install 'x>=2'",
        "model_types": [],
    }


def test_undetermined_and_plan() -> None:
    known = made.with_model().replace(
        training=TrainingFacts(), reasons={"training": "none were given"}
    )
    document = load(known, made.rule(when=(made.ON_A_RUN,)))
    (item,) = document["undetermined"]
    assert item["condition"] == "the run uses mixed precision"
    assert item["missing"] == [{"fact": "training.mixed_precision", "reason": "none were given"}]
    assert document["plan"] == {
        "patches": [{"code": "GC101", "preventive": True}],
        "skips": [],
        "manual": [],
    }


def test_not_a_number_stays_valid_json() -> None:
    known = made.facts(model=ModelFacts(model_type="gemma2", final_logit_softcapping=float("nan")))
    assert load(known)["facts"]["model"]["final_logit_softcapping"] == "nan"


def test_unknown_facts_are_absent_and_their_reasons_present() -> None:
    document = load(Facts(reasons={"gpus": "NVML is hanging"}))
    assert "gpus" not in document["facts"]
    assert document["facts"]["reasons"] == {"gpus": "NVML is hanging"}
