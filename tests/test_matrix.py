"""The matrix: derived from scopes and evidence, and the same in the docs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gemma_compat._cli import main
from gemma_compat.engine import evidence
from gemma_compat.engine.matrix import DERIVED, RAN, Matrix, make_matrix
from gemma_compat.errors import UsageError
from gemma_compat.report.matrix import render_markdown, render_text
from gemma_compat.rules import all_rules, find

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    return make_matrix(all_rules())


def entries(matrix: Matrix, model_type: str, version: str) -> dict[str, str]:
    """The codes of one cell, with their strength."""
    from gemma_compat import versions

    at = versions.parse(version)
    position = next(
        i
        for i, column in enumerate(matrix.columns)
        if versions.parse(column.first) <= at <= versions.parse(column.last)
    )
    cell = dict(matrix.rows)[model_type][position]
    assert cell is not None
    return {entry.code: entry.strength for entry in cell}


def test_a_case_that_was_run_counts_as_ran(matrix: Matrix) -> None:
    assert entries(matrix, "gemma3_text", "4.50.3")["GC101"] == RAN
    assert "GC101" not in entries(matrix, "gemma3_text", "4.51.3")


def test_a_case_that_only_follows_from_bounds_says_so(matrix: Matrix) -> None:
    assert entries(matrix, "shieldgemma2", "4.50.3")["GC101"] == DERIVED


def test_a_model_type_that_the_release_lacks_is_no_clean_cell(matrix: Matrix) -> None:
    assert dict(matrix.rows)["gemma4"][0] is None


def test_columns_join_neighbours_with_equal_answers(matrix: Matrix) -> None:
    assert 5 < len(matrix.columns) < len(evidence.observed_versions("transformers"))


def test_one_model_type(matrix: Matrix) -> None:
    text = render_text(make_matrix(all_rules(), model_type="gemma3n_text"))
    assert "GC104" in text
    assert "gemma2" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"package": "transformer"}, "transformers"), ({"model_type": "gemma5"}, "nearest: gemma")],
)
def test_unknown_names_are_answered_with_the_nearest(arguments: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make_matrix(all_rules(), **arguments)


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matrix", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema_version"] == 1
    assert len(document["columns"]) == len(document["rows"]["gemma2"])


def test_a_wrong_package_ends_with_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matrix", "--package", "nope"]) == 2
    assert capsys.readouterr().out == ""


def test_the_docs_hold_the_matrix(matrix: Matrix) -> None:
    """Remade by ``make docs``."""
    assert render_markdown(matrix) in (ROOT / "docs" / "matrix.md").read_text(encoding="utf-8")


def test_a_release_past_the_evidence_is_named() -> None:
    rule = find("GC201")
    last = evidence.checked_through(rule, "transformers")
    assert last is not None
    assert evidence.beyond(rule, "transformers", "99.0") == last
    assert evidence.beyond(rule, "transformers", last) is None


def test_the_record_of_a_rule_is_by_package_model_type_and_outcome() -> None:
    assert "4.50.3" in evidence.record("GC101")["transformers"]["gemma2"][evidence.SEEN_BROKEN]
    assert evidence.record("GC000") == {}
    assert evidence.seen("GC101", "transformers", "gemma2", "4.50.3") == "broken"
    assert evidence.seen("GC101", "transformers", "gemma2", "4.51.0") == "working"
    assert evidence.seen("GC101", "transformers", "gemma2", "1.0.0") is None


@pytest.mark.slow
def test_the_wheel_carries_the_evidence(tmp_path: Path) -> None:
    """Built and installed as a user gets it, outside this checkout."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    target = tmp_path / "site"
    subprocess.run([*pip, "install", "--target", target, wheel], check=True)
    result = subprocess.run(
        [sys.executable, "-m", "gemma_compat", "matrix"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "GC104" in result.stdout
