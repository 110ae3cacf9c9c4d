"""The rules as data: the document keeps its schema, and says of each release what the rules say."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from gemma_compat import versions
from gemma_compat.engine.effects import EFFECTS
from gemma_compat.engine.matrix import make_matrix
from gemma_compat.report.rule_document import document, interval, rule_json, rules_json
from gemma_compat.rules import all_rules, find

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "docs" / "schema" / "rules.schema.json").read_text("utf-8")
)
RULES = all_rules()
DOCUMENT: dict[str, Any] = json.loads(rules_json(RULES))


def problems(given: dict[str, Any]) -> list[str]:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    found = jsonschema.Draft202012Validator(SCHEMA).iter_errors(given)
    return [f"{error.json_path}: {error.message}" for error in found]


def test_the_document_keeps_its_schema() -> None:
    assert problems(DOCUMENT) == []
    assert [rule["code"] for rule in DOCUMENT["rules"]] == [rule.code for rule in RULES]
    assert SCHEMA["$defs"]["effect"]["enum"] == list(EFFECTS)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("severity", "bad"),
        ("effects", []),
        ("affected", []),
        ("references", [{"type": "report", "url": "huggingface/peft#1"}]),
        ("fix", {"fixed_in": {"peft": ">=0.18"}, "setting": None, "then": None}),
        ("more", 1),
    ],
)
def test_the_schema_refuses(field: str, value: object) -> None:
    given = copy.deepcopy(DOCUMENT)
    given["rules"][0][field] = value
    assert problems(given)


@pytest.mark.parametrize(
    ("specifier", "introduced", "fixed", "last_affected"),
    [
        (">=4.50.0.dev0,<4.51.0", "4.50.0.dev0", "4.51.0", None),
        ("<4.52.0", "0", "4.52.0", None),
        (">=5.0.0rc1", "5.0.0rc1", None, None),
        ("==5.5.0", "5.5.0", None, "5.5.0"),
    ],
)
def test_intervals(
    specifier: str, introduced: str, fixed: str | None, last_affected: str | None
) -> None:
    given = interval("transformers", specifier)
    assert (given["introduced"], given["fixed"], given["last_affected"]) == (
        introduced,
        fixed,
        last_affected,
    )


def is_inside(given: dict[str, str | None], version: str) -> bool:
    """By the interval alone, as another program would read it."""
    known = versions.parse(version)
    if given["last_affected"]:
        return known == versions.parse(given["last_affected"])
    lower = known >= versions.parse(given["introduced"] or "0")
    return lower and (given["fixed"] is None or known < versions.parse(given["fixed"]))


def test_the_matrix_and_the_document_agree() -> None:
    """Each rule of a cell has an entry in ``affected`` with that release, and no other has."""
    by_code = {rule["code"]: rule for rule in DOCUMENT["rules"]}
    matrix = make_matrix(RULES)
    for model_type, cells in matrix.rows:
        for column, cell in zip(matrix.columns, cells, strict=True):
            for entry in cell or ():
                assert any(
                    model_type in scope["model_types"] and is_inside(given, column.first)
                    for scope in by_code[entry.code]["affected"]
                    for given in scope["packages"]
                    if given["name"] == matrix.package
                ), (entry.code, model_type, column.first)


def test_one_rule_is_the_same_document() -> None:
    rule = find("GC104")
    assert json.loads(rule_json(rule))["rule"] == document(rule)
    assert document(rule)["evidence"]["seen"]["transformers"]["gemma4"]["broken"]
    assert document(rule)["cure"]["applicability"] == "safe"
    assert document(find("GC1110"))["cure"] is None
