"""The report as markdown, ready to be pasted into an issue: nothing private is in it."""

from __future__ import annotations

from collections.abc import Iterator

from .._version import __version__
from ..engine.plan import Plan
from ..engine.rule import Diagnosis, Finding, Undetermined
from ..facts import Facts
from .header import header_rows
from .open_questions import OpenQuestion, open_questions
from .sharing import clean, shareable
from .wording import not_a_gemma, strength, types_of, verdict


def render_diagnosis(diagnosis: Diagnosis, plan: Plan) -> str:
    """Return a heading, a table of facts, the findings, and the open questions folded away."""
    diagnosis = shareable(diagnosis)
    line = not_a_gemma(diagnosis)
    if line:
        return f"gemma_compat: {plain(line)}\n"
    parts = [
        [f"### gemma_compat {__version__}: {verdict(diagnosis)}"],
        list(_facts_table(diagnosis.facts)),
        *(list(_finding(finding, plan)) for finding in diagnosis.findings),
        list(_folded(diagnosis)),
        [f"Not checked: {plain(text)}" for text in diagnosis.not_checked],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _facts_table(facts: Facts) -> Iterator[str]:
    yield "| | |"
    yield "| --- | --- |"
    for label, text in header_rows(facts):
        yield f"| {label} | {plain(text)} |"
    for package in facts.packages.values():
        if package and package.get("vcs"):
            yield f"| {package.name} from | {plain(str(package.vcs))} |"


def _finding(finding: Finding, plan: Plan) -> Iterator[str]:
    rule = finding.rule
    yield f"- **{rule.severity.value} {rule.code}** {_name(finding)}"
    yield f"  - {plain(finding.problem.message)}"
    yield f"  - help: {plain(finding.problem.help)}"
    for skip in plan.skips:
        if skip.rule.code == rule.code:
            yield f"  - `patch(model)` leaves it: {plain(skip.reason)}"
    if rule.upstream:
        yield f"  - upstream: {', '.join(rule.upstream)}"


def _folded(diagnosis: Diagnosis) -> Iterator[str]:
    questions = open_questions(diagnosis.undetermined, diagnosis.facts)
    if not questions:
        return
    count = len({item.rule.code for item in diagnosis.undetermined})
    yield f"<details><summary>{count} not decided</summary>"
    for question in questions:
        yield ""
        yield from _open_question(question)
    yield ""
    yield "</details>"


def _open_question(question: OpenQuestion) -> Iterator[str]:
    yield f"Depends on {plain(question.waits_for)}"
    for reason in question.reasons:
        yield f"(unknown because {plain(reason)})"
    yield ""
    for condition, items in question.by_condition().items():
        yield f"- if {plain(condition)}:"
        for item in items:
            yield f"  - {item.rule.severity.value} {item.rule.code} {_name(item)}"


def _name(answer: Finding | Undetermined) -> str:
    return f"`{answer.rule.name}`{strength(answer.rule)}{types_of(answer)}"


def plain(text: str) -> str:
    """Return the text on one line, nothing private in it, and nothing that markdown or GitHub acts
    on.
    """
    line = clean(" ".join(text.split()))
    for char in "\\`*_|<>[]":
        line = line.replace(char, f"\\{char}")
    line = line.replace("@", "@\u200b").replace("#", "#\u200b")
    return "".join(char if char.isprintable() or char == "\u200b" else "?" for char in line)
