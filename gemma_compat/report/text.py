"""Reports for a terminal: plain text, 88 columns, worst first, never more than about a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .._version import __version__
from ..engine.plan import Plan
from ..engine.rule import Diagnosis, Finding, Rule
from .header import header_rows
from .open_questions import OpenQuestion, open_questions
from .unsloth import unsloth_text
from .wording import codes_by_severity, not_a_gemma, strength, types_of, verdict, wrap

if TYPE_CHECKING:
    from ..patching.apply import AppliedPatches
    from ..patching.ledger import Change

PAGE = 45  # lines
_FULL, _LINE, _CODES, _LIST = "full", "line", "codes", "list"


def render_diagnosis(diagnosis: Diagnosis, plan: Plan) -> str:
    """The report. What cannot be decided is shortened first where it would not fit a page.

    Findings about a model in hand are always given in full; without a model there can be dozens,
    and they shrink to a line each, then to their codes.
    """
    line = not_a_gemma(diagnosis)
    if line:
        return _printable(f"gemma_compat: {line}\n")
    details = [(_FULL, _FULL), (_FULL, _CODES), (_FULL, _LIST)]
    if not diagnosis.facts.model.known("model_type"):
        details += [(_LINE, _CODES), (_LINE, _LIST), (_CODES, _LIST)]
    for findings, questions in details:
        lines = [*_diagnosis_lines(diagnosis, plan, findings, questions)]
        if len(lines) <= PAGE:
            break
    return _printable("\n".join(lines) + "\n")


def _diagnosis_lines(
    diagnosis: Diagnosis, plan: Plan, findings: str, questions: str
) -> Iterator[str]:
    yield f"gemma_compat {__version__}"
    for label, text in header_rows(diagnosis.facts):
        yield from wrap(text, first=f"{label:<9} ", rest=" " * 10)
    yield ""
    yield f"{verdict(diagnosis)}."
    yield from _findings(diagnosis, plan, findings)
    yield from _open_questions(diagnosis, questions)
    for text in diagnosis.not_checked:
        yield from ["", *wrap(text, first="Not checked: ", rest="  ")]
    yield from _closing(diagnosis, plan)


def _findings(diagnosis: Diagnosis, plan: Plan, detail: str) -> Iterator[str]:
    if detail == _FULL:
        for finding in diagnosis.findings:
            yield ""
            yield from _finding(finding, plan)
    elif detail == _LINE:
        yield ""
        for finding in diagnosis.findings:
            text = f"{finding.rule.title}{types_of(finding)}{strength(finding.rule)}"
            yield wrap(text, first=_label(finding.rule), rest="", lines=1)[0]
    elif diagnosis.findings:
        yield ""
        yield from _codes(codes_by_severity(item.rule for item in diagnosis.findings), "")


def _finding(finding: Finding, plan: Plan) -> Iterator[str]:
    rule = finding.rule
    yield f"{_label(rule)}{rule.name}{strength(rule)}"
    yield from wrap(finding.problem.message + types_of(finding), first="  ", rest="  ")
    yield from wrap(finding.problem.help, first="  help: ", rest="        ")
    for skip in plan.skips:
        if skip.rule.code == rule.code:
            yield from wrap(skip.reason, first="  patch(model) leaves it: ", rest="        ")


def _label(rule: Rule) -> str:
    return f"{rule.severity.value} {rule.code} "


def _open_questions(diagnosis: Diagnosis, detail: str) -> Iterator[str]:
    """A paragraph for each group of missing facts, or a line for each in one paragraph."""
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
            yield from wrap(text, first=f"    {_label(item.rule)}", rest="      ")


def _codes(groups: dict[str, list[str]], indent: str) -> Iterator[str]:
    for severity, codes in groups.items():
        yield from wrap(" ".join(codes), first=f"{indent}{severity}: ", rest=f"{indent}  ")


def _closing(diagnosis: Diagnosis, plan: Plan) -> Iterator[str]:
    if not (diagnosis.findings or diagnosis.undetermined):
        return
    yield ""
    if plan.patches and diagnosis.facts.model.known("model_type"):
        sure = [item.rule.code for item in plan.patches if not item.preventive]
        ahead = [f"{item.rule.code} (ahead of time)" for item in plan.patches if item.preventive]
        text = f"gemma_compat.patch(model) would apply {', '.join([*sure, *ahead])}."
        yield from wrap(text, first="", rest="  ")
    yield "One rule in full: python -m gemma_compat rule CODE"


def render_applied(applied: AppliedPatches) -> str:
    """What ``patch(model)`` found, changed, skipped, and what it leaves to the user."""
    if applied.note:
        return _printable(applied.note)
    lines = [_outcome(applied)]
    for title, part in (
        ("found", _found(applied)),
        ("changed", _changed(applied)),
        ("skipped", _skipped(applied)),
        ("left for you", _left(applied)),
    ):
        body = list(part)
        lines += [f"{title}:", *body] if body else []
    beside = unsloth_text(applied.diagnosis.facts)
    lines += wrap(beside, first="unsloth: ", rest="  ") if beside else []
    for text in applied.diagnosis.not_checked:
        lines += wrap(text, first="not checked: ", rest="  ")
    return _printable("\n".join(lines))


def _outcome(applied: AppliedPatches) -> str:
    """The first line; the only one for a clean model."""
    planned = [item.rule.code for item in applied.plan.patches]
    what = f"{applied.diagnosis.facts.model.get('model_type', 'this model')}"
    if applied.dry_run:
        would = f"would apply {', '.join(planned)}" if planned else "would apply nothing"
        return f"gemma_compat: dry run on {what}, nothing was changed; {would}"
    if planned and not applied.ledgers:
        return f"gemma_compat: reverted on {what}: {', '.join(planned)}"
    if not applied.ledgers:
        needed = "nothing was changed" if applied.diagnosis.findings else "nothing was needed"
        return f"gemma_compat: {needed} on {what}"
    codes = ", ".join(applied.codes)
    return f"gemma_compat: patched {what}: {codes}"


def _found(applied: AppliedPatches) -> Iterator[str]:
    for finding in applied.diagnosis.findings:
        rule = finding.rule
        text = finding.problem.message + strength(rule)
        yield from wrap(text, first=f"  {_label(rule)}", rest="    ")
    for planned in applied.plan.patches:
        if planned.preventive:
            text = f"{planned.rule.title}: not decided, cured ahead of time"
            yield from wrap(text, first=f"  {_label(planned.rule)}", rest="    ")


# What saving needs to know is kept on the model; it is reverted with the rest, and no news.
_BOOKKEEPING = "._gemma_compat_"


def _changed(applied: AppliedPatches) -> Iterator[str]:
    for ledger in applied.ledgers:
        if not ledger.changes:
            yield f"  {ledger.code} everything was in place already"
        told = (change for change in ledger.changes if _BOOKKEEPING not in change.path)
        for path, change, count in _grouped(told):
            times = f" ({count} places)" if count > 1 else ""
            text = f"{path}: {change.before} -> {change.after}{times}"
            yield from wrap(text, first=f"  {change.code} ", rest="    ")


def _grouped(changes: Iterable[Change]) -> Iterator[tuple[str, Change, int]]:
    """Equal changes on many layers as one: ``model.layers.*.self_attn``."""
    groups: dict[tuple[str, str, str], list[Change]] = {}
    for change in changes:
        pattern = re.sub(r"\.\d+(?=\.|$)", ".*", change.path)
        groups.setdefault((pattern, change.before, change.after), []).append(change)
    for (pattern, _, _), group in groups.items():
        if len(group) > 3:
            yield pattern, group[0], len(group)
        else:
            yield from ((change.path, change, 1) for change in group)


def _skipped(applied: AppliedPatches) -> Iterator[str]:
    for skip in applied.plan.skips:
        yield from wrap(
            f"{skip.rule.name}: {skip.reason}", first=f"  {skip.rule.code} ", rest="    "
        )


def _left(applied: AppliedPatches) -> Iterator[str]:
    for finding in applied.plan.manual:
        yield from wrap(finding.problem.help, first=f"  {finding.rule.code} ", rest="    ")


def _printable(text: str) -> str:
    """No control character reaches the terminal: a config file can hold anything."""
    return "".join(char if char.isprintable() or char == "\n" else "?" for char in text)
