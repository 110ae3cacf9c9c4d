"""The markdown report: what GitHub would make of it."""

from __future__ import annotations

from typing import Any

from gemma_compat.engine.plan import make_plan
from gemma_compat.engine.rule import Problem
from gemma_compat.facts import Facts, TrainingFacts
from gemma_compat.report.markdown import render_diagnosis

from . import made


def render(known: Facts, *rules: Any) -> str:
    found = made.diagnosis(known, *rules)
    return render_diagnosis(found, make_plan(found))


def test_heading_table_and_finding() -> None:
    lines = render(made.with_model(), made.rule(reports=("o/r#1",))).splitlines()
    assert lines[0] == "### gemma_compat 0.3.0: 1 error"
    assert "| Python | 3.11.7 on linux |" in lines
    assert "- **error GC101** `made-defect-1`" in lines
    assert "  - upstream: o/r#1" in lines


def test_open_questions_are_folded_away() -> None:
    known = made.with_model().replace(training=TrainingFacts())
    text = render(known, made.rule(when=(made.ON_A_RUN,)))
    assert "<details><summary>1 not decided</summary>\n\n" in text
    assert "- if the run uses mixed precision:\n  - error GC101 `made-defect-1`" in text
    assert text.rstrip().endswith("</details>")


def test_texts_cannot_become_markup_mentions_or_references() -> None:
    problem = Problem("a | b <img> `x` *y* @someone #1\nnext", "z")
    line = next(
        line
        for line in render(made.with_model(), made.rule(problem=problem)).splitlines()
        if "next" in line
    )
    assert "\\|" in line and "\\<img\\>" in line and "\\`x\\`" in line
    assert "@someone" not in line and "#1" not in line


def test_model_that_is_no_gemma_gets_one_line() -> None:
    text = render(made.with_model("llama"), made.rule())
    assert text.count("\n") == 1 and "is not a Gemma" in text
