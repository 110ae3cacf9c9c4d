"""Reports for a terminal: plain text, 88 columns, worst first, never more than about a page.

Unless asked for all, a notice that changes nothing for the user is a word in the verdict, and what
could not be decided is a few lines.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._version import __version__
from ..engine.plan import Plan
from ..engine.rule import Applicability, Diagnosis, Finding, Severity
from ..language import said_list
from .deciding import deciding_lines
from .header import header_rows
from .open_questions import OpenQuestion, open_questions
from .wording import (
    codes_by_severity,
    in_language,
    label,
    not_a_gemma,
    printable,
    strength,
    types_of,
    verdict,
    wrap,
)

PAGE = 45  # lines
_FULL, _LINE, _CODES, _LIST, _WORST = "full", "line", "codes", "list", "worst"


def render_diagnosis(diagnosis: Diagnosis, plan: Plan, verbose: bool = False) -> str:
    """Return the report. What cannot be decided is shortened first where it would not fit a page.

    Findings about a model in hand are always given in full; without a model there can be dozens,
    and they shrink to a line each, then to their codes.

    Args:
        verbose: give every notice and every open question with what it waits for.
    """
    line = not_a_gemma(diagnosis)
    if line:
        return printable(in_language(f"gemma_compat: {line}\n"))
    if not verbose:
        diagnosis, folded = _folded(diagnosis)
        details = [(_FULL, _WORST)]
    else:
        folded = ""
        details = [(_FULL, _FULL), (_FULL, _CODES), (_FULL, _LIST)]
    if not diagnosis.facts.model.known("model_type"):
        least = details[-1][1]
        details += [(_LINE, _CODES if verbose else least), (_LINE, least), (_CODES, least)]
    for findings, questions in details:
        lines = [*_diagnosis_lines(diagnosis, plan, findings, questions, folded)]
        if len(lines) <= PAGE:
            break
    return printable(in_language("\n".join(lines) + "\n"))


def _folded(diagnosis: Diagnosis) -> tuple[Diagnosis, str]:
    """Return the diagnosis without notices that change nothing for the user, and their codes."""
    codes = [item.rule.code for item in diagnosis.findings if _changes_nothing(item)]
    kept = tuple(item for item in diagnosis.findings if not _changes_nothing(item))
    return diagnosis.replace(findings=kept), ", ".join(dict.fromkeys(codes))


def _changes_nothing(finding: Finding) -> bool:
    """Return whether the trained network is right and ``patch`` does what there is to do."""
    rule = finding.rule
    harmless = set(rule.effects) <= {"slow", "out-of-memory"}
    return (
        rule.severity is Severity.NOTICE and rule.applicability is Applicability.SAFE and harmless
    )


def _diagnosis_lines(
    diagnosis: Diagnosis, plan: Plan, findings: str, questions: str, folded: str
) -> Iterator[str]:
    yield f"gemma_compat {__version__}"
    for title, text in header_rows(diagnosis.facts):
        yield from wrap(said_list(text), first=f"{title:<9} ", rest=" " * 10)
    yield ""
    aside = f" (a notice, {folded}, is folded: --verbose)" if folded else ""
    yield f"{verdict(diagnosis)}{aside}."
    yield from _findings(diagnosis, plan, findings)
    if questions == _WORST:
        yield from _worst_questions(diagnosis)
    else:
        yield from _open_questions(diagnosis, questions)
    for text in diagnosis.not_checked:
        yield from ["", *wrap(text, first="Not checked: ", rest="  ")]
    yield from _closing(diagnosis, plan, verbose=questions != _WORST)


def _worst_questions(diagnosis: Diagnosis) -> Iterator[str]:
    lines = list(deciding_lines(diagnosis.undetermined, diagnosis.facts))
    yield from ["", *lines] if lines else []


def _findings(diagnosis: Diagnosis, plan: Plan, detail: str) -> Iterator[str]:
    if detail == _FULL:
        for finding in diagnosis.findings:
            yield ""
            yield from _finding(finding, plan)
    elif detail == _LINE:
        yield ""
        for finding in diagnosis.findings:
            text = f"{finding.rule.title}{types_of(finding)}{strength(finding.rule)}"
            yield wrap(text, first=label(finding.rule), rest="", lines=1)[0]
    elif diagnosis.findings:
        yield ""
        yield from _codes(codes_by_severity(item.rule for item in diagnosis.findings), "")


def _finding(finding: Finding, plan: Plan) -> Iterator[str]:
    rule = finding.rule
    yield f"{label(rule)}{rule.name}{strength(rule)}"
    yield from wrap(finding.problem.message + types_of(finding), first="  ", rest="  ")
    yield from wrap(finding.problem.help, first="  help: ", rest="        ")
    for skip in plan.skips:
        if skip.rule.code == rule.code:
            yield from wrap(skip.reason, first="  patch(model) leaves it: ", rest="        ")


def _open_questions(diagnosis: Diagnosis, detail: str) -> Iterator[str]:
    """Yield a paragraph for each group of missing facts, or a line for each in one paragraph."""
    questions = open_questions(diagnosis.undetermined, diagnosis.facts)
    if detail == _LIST and questions:
        yield from ["", "Not decided, depends on"]
    for question in questions:
        if detail == _LIST:
            groups = question.codes_by_severity().items()
            text = ", ".join(f"{severity} {' '.join(codes)}" for severity, codes in groups)
            yield from wrap(f"{question.waits_for}: {text}", first="  ", rest="    ")
        else:
            yield from _open_question(question, detail)


def _open_question(question: OpenQuestion, detail: str) -> Iterator[str]:
    yield ""
    yield from wrap(f"Not decided, depends on {question.waits_for}:", first="", rest="  ")
    limit = 3
    for reason in question.reasons[:limit]:
        yield from wrap(reason, first="  unknown because ", rest="    ", lines=2)
    if detail == _CODES:
        yield from _codes(question.codes_by_severity(), "  ")
        return
    for condition, items in question.by_condition().items():
        yield from wrap(condition, first="  if ", rest="    ")
        for item in items:
            text = f"{item.rule.name}{types_of(item)}{strength(item.rule)}"
            yield from wrap(text, first=f"    {label(item.rule)}", rest="      ")


def _codes(groups: dict[str, list[str]], indent: str) -> Iterator[str]:
    for severity, codes in groups.items():
        yield from wrap(" ".join(codes), first=f"{indent}{severity}: ", rest=f"{indent}  ")


def _closing(diagnosis: Diagnosis, plan: Plan, verbose: bool) -> Iterator[str]:
    if not (diagnosis.findings or diagnosis.undetermined):
        return
    yield ""
    if plan.patches and diagnosis.facts.model.known("model_type"):
        sure = [item.rule.code for item in plan.patches if not item.preventive]
        careful = [item.rule.code for item in plan.patches if item.preventive]
        parts = [", ".join(sure), f"as a precaution {', '.join(careful)}" if careful else ""]
        text = f"gemma_compat.patch(model) would apply {'; '.join(filter(None, parts))}."
        yield from wrap(text, first="", rest="  ")
    if diagnosis.findings or verbose:
        yield "One rule in full: python -m gemma_compat rule CODE"
