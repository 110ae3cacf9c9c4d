"""What ``advise`` says, in three formats. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._version import __version__
from ..advise.answer import DOWN, NEW, STAYS, UP, Advice, Choice, Conflict
from ..engine.rule import Undetermined
from ..facts import Facts
from ..language import said
from .deciding import deciding_lines
from .header import header_rows
from .json import dump
from .sharing import clean, shareable_facts
from .wording import in_language, strength, wrap

_HEADER = ("GPU", "Model", "Run")


def render_text(answer: Advice | Conflict, *, verbose: bool = False) -> str:
    """Render for a terminal of 88 columns; never wrap the install line.

    Args:
        verbose: name all that is not decided for the set, not only the worst of it.
    """
    lines = [f"gemma_compat {__version__}, release data of {answer.asked}"]
    for label, text in _situation(answer, answer.question.facts):
        lines += wrap(text, first=f"{label:<9} ", rest=" " * 10)
    lines.append("")
    body = _advice(answer, verbose) if isinstance(answer, Advice) else _conflict(answer)
    return in_language("\n".join([*lines, *body]) + "\n")


def _situation(answer: Advice | Conflict, facts: Facts) -> list[tuple[str, str]]:
    rows = [row for row in header_rows(facts) if row[0] in _HEADER]
    return [("Python", answer.question.python), *rows]


def _advice(answer: Advice, verbose: bool) -> Iterator[str]:
    yield answer.install_line
    yield ""
    for choice in answer.choices:
        yield f"{choice.name} {choice.version} ({choice.date}), {said(_moved(choice))}"
        yield from wrap(f"{choice.why}.", first="  ", rest="  ")
        if choice.evidence:
            yield f"  {said(choice.evidence)}"
    yield ""
    for text in _remarks(answer):
        yield from wrap(text, first="", rest="  ")
    if not verbose:
        yield from deciding_lines(answer.diagnosis.undetermined, answer.diagnosis.facts)
    elif answer.diagnosis.undetermined:
        yield "Not decided for this set:"
        for text in _undecided(answer):
            yield from wrap(text, first="  ", rest="    ")


def _moved(choice: Choice) -> str:
    up, down = f"up from {choice.installed}", f"down from {choice.installed}"
    return {STAYS: "stays", NEW: "new", UP: up, DOWN: down}[choice.move]


def _remarks(answer: Advice) -> Iterator[str]:
    yield (
        answer.proven
        or "This set was not installed and tried as a whole; each rule states how it is known."
    )
    if answer.patched:
        codes = ", ".join(rule.code for rule in answer.patched)
        yield f"Accepted, since gemma_compat.patch(model) cures it: {codes}."
    for finding in answer.diagnosis.findings:
        if finding.rule not in answer.patched:
            rule = finding.rule
            name = f"{rule.severity.value} {rule.code} {rule.name}{strength(rule)}"
            yield f"{said(name)}: {said(finding.problem.help)}"
    yield from answer.diagnosis.not_checked


def _undecided(answer: Advice) -> Iterator[str]:
    for item in answer.diagnosis.undetermined:
        yield f"{item.rule.severity.value} {item.rule.code} {item.rule.name}, {_if(item)}"


def _if(item: Undetermined) -> str:
    return f"if {item.condition}"


def _conflict(answer: Conflict) -> Iterator[str]:
    yield "Nothing satisfies all of it. These cannot hold together, and each is needed for that:"
    for text in answer.parts:
        yield from wrap(text, first="  - ", rest="    ")


def render_markdown(answer: Advice | Conflict) -> str:
    """Render as Markdown for an issue or a pull request."""
    facts = Facts.from_dict(shareable_facts(answer.question.facts))
    head = [f"**{label}** {text}  " for label, text in _situation(answer, facts)]
    if isinstance(answer, Conflict):
        parts = [f"- {text}" for text in answer.parts]
        return clean("\n".join([*head, "", "Nothing satisfies all of it:", "", *parts]) + "\n")
    rows = [
        f"| {c.name} | {c.version} | {c.date} | {_moved(c)} | {_cell(c.why)} | {c.evidence} |"
        for c in answer.choices
    ]
    table = ["| package | version | date | here | why | evidence |", "| --- " * 6 + "|", *rows]
    remarks = [f"- {text}" for text in (*_remarks(answer), *_undecided(answer))]
    line = ["```", answer.install_line, "```"]
    return clean("\n".join([*head, "", *line, "", *table, "", *remarks]) + "\n")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def render_json(answer: Advice | Conflict) -> str:
    """Return one document."""
    content: dict[str, Any] = {
        "asked": answer.asked,
        "model_type": answer.question.facts.model.model_type,
        "python": answer.question.python,
    }
    if isinstance(answer, Conflict):
        return dump({**content, "found": False, "conflict": list(answer.parts)})
    content |= {
        "found": True,
        "install": answer.install_line,
        "packages": [_choice(choice) for choice in answer.choices],
        "patched": [rule.code for rule in answer.patched],
        "proven": answer.proven or None,
        "findings": [item.rule.code for item in answer.diagnosis.findings],
        "undetermined": [
            {"code": item.rule.code, "condition": item.condition}
            for item in answer.diagnosis.undetermined
        ],
        "not_checked": list(answer.diagnosis.not_checked),
    }
    return dump(content)


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "name": choice.name,
        "version": choice.version,
        "date": choice.date,
        "installed": choice.installed,
        "move": choice.move,
        "why": choice.why,
        "evidence": choice.evidence or None,
    }
