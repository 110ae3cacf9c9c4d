"""A diagnosis in a notebook: the verdict, a card a finding, and the rest folded."""

from __future__ import annotations

from ...engine.plan import Plan, make_plan
from ...engine.rule import Diagnosis, Finding, Severity
from ...language import said
from ..explanation_causes import split_cure
from ..header import header_rows
from ..open_questions import open_questions
from ..wording import not_a_gemma, strength, types_of, verdict
from .page import ERROR, GOOD, NOTICE, UNKNOWN, WARNING, Card, Fold, Page, to_paste

_TONES = {Severity.ERROR: ERROR, Severity.WARNING: WARNING, Severity.NOTICE: NOTICE}


def page(diagnosis: Diagnosis) -> Page:
    """Return what a notebook shows of it."""
    line = not_a_gemma(diagnosis)
    if line:
        return Page(NOTICE, line)
    plan = make_plan(diagnosis)
    cures = [item.rule.code for item in plan.patches]
    return Page(
        tone_of(diagnosis),
        verdict(diagnosis),
        paste="gemma_compat.patch(model)" if cures else "",
        cards=tuple(finding_card(item, plan) for item in diagnosis.findings),
        folds=(*question_folds(diagnosis), stack_fold(diagnosis)),
    )


def tone_of(diagnosis: Diagnosis) -> str:
    """Return the worst finding's tone; with none, whether something was left open."""
    ranked = sorted(diagnosis.findings, key=lambda item: item.rule.severity.rank)
    if ranked:
        return _TONES[ranked[0].rule.severity]
    return UNKNOWN if diagnosis.undetermined or diagnosis.not_checked else GOOD


def finding_card(finding: Finding, plan: Plan) -> Card:
    """Return a finding with the first thing to do as the line to paste."""
    rule, problem = finding.rule, finding.problem
    skipped = tuple(
        f"`patch(model)` leaves it: {skip.reason}"
        for skip in plan.skips
        if skip.rule.code == rule.code
    )
    paste = to_paste(split_cure(said(problem.help))[0])
    advice = () if paste == problem.help else (f"Help: {problem.help}",)
    return Card(
        _TONES[rule.severity],
        rule.severity.value,
        f"{rule.code} {rule.name}",
        aside=f"{strength(rule)}{types_of(finding)}".strip(),
        texts=(problem.message, *advice, *skipped),
        paste=paste,
    )


def question_folds(diagnosis: Diagnosis) -> tuple[Fold, ...]:
    """Return what could not be decided, behind one line, with what each answer waits for."""
    rows = []
    for question in open_questions(diagnosis.undetermined, diagnosis.facts):
        for condition, items in question.by_condition().items():
            names = ", ".join(dict.fromkeys(f"{i.rule.code} {i.rule.name}" for i in items))
            rows.append((names, f"if {condition}", f"depends on {question.waits_for}"))
    lines = tuple(f"Not checked: {text}" for text in diagnosis.not_checked)
    count = len({item.rule.code for item in diagnosis.undetermined})
    return (Fold(f"{count} not decided", tuple(rows), lines),) if rows or lines else ()


def stack_fold(diagnosis: Diagnosis) -> Fold:
    """Return what was found out about machine, model and run."""
    return Fold("This stack", tuple(header_rows(diagnosis.facts)))
