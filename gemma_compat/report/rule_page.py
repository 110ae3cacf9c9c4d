"""A rule's page, and the list of all rules, as text, markdown or JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from ..engine.help import upgrade_command
from ..engine.rule import Evidence, Rule, Scope
from ..language import current, said
from . import rule_document
from .wide import padded
from .wording import wrap

_EVIDENCE = {
    Evidence.RAN: "run and seen, broken and working",
    Evidence.SOURCE: "read in the source, not run",
    Evidence.REPORTED: "reported by others, not run",
}

# What stands between two paragraphs, or between a heading and its first.
_BETWEEN = r"(\n\s*\n|(?<=## What breaks)\n|(?<=## Why)\n|(?<=## Cure)\n)"


def page_text(rule: Rule) -> str:
    """Return the header as aligned rows, then the docstring of the rule's file."""
    lines = [f"{rule.code} {rule.name}", ""]
    for label, text in _header(rule, said):
        lines += wrap(text, first=f"{label:<13} ", rest=" " * 14)
    return "\n".join([*lines, "", _body(rule)]) + "\n"


def _body(rule: Rule) -> str:
    """Return the docstring of the rule's file, with those of its paragraphs translated that the
    catalogue has.
    """
    text = rule.docs.strip()
    if current() == "en":
        return text
    return "".join(map(_paragraph, re.split(_BETWEEN, text)))


def _paragraph(text: str) -> str:
    if text.startswith("## "):
        return f"## {said(text[3:])}"
    whole = " ".join(text.split())
    found = said(whole)
    return text if found == whole else "\n".join(wrap(found, first="", rest=""))


def page_markdown(rule: Rule) -> str:
    """Return the header as a table, then the docstring; links where GitHub has a page."""
    title, _, body = rule.docs.strip().partition("\n")
    rows = "\n".join(f"| {label} | {_cell(label, text)} |" for label, text in _header(rule, str))
    head = f"# {rule.code} {rule.name}\n\n{title}\n\n| | |\n| --- | --- |\n{rows}"
    return f"{head}\n\n{body.strip()}\n"


def page_json(rule: Rule) -> str:
    """Return the rule as one JSON document."""
    return rule_document.rule_json(rule)


def list_text(rules: Iterable[Rule]) -> str:
    """Return one line a rule: code, severity, name, title."""
    rows = list(rules)
    width = max((len(rule.name) for rule in rows), default=0)
    return "".join(
        f"{r.code}  {padded(said(r.severity.value), 7)}  {r.name:<{width}}  {said(r.title)}\n"
        for r in rows
    )


def list_markdown(rules: Iterable[Rule]) -> str:
    """Return a table of all rules."""
    head = "| code | severity | name | what breaks |\n| --- | --- | --- | --- |\n"
    return head + "".join(
        f"| {r.code} | {r.severity.value} | {r.name} | {r.title.replace('|', chr(92) + '|')} |\n"
        for r in rules
    )


def list_json(rules: Iterable[Rule]) -> str:
    """Return all rules as one JSON document."""
    return rule_document.rules_json(rules)


def _header(rule: Rule, say: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Yield each label and its text; ``say`` translates a sentence, or leaves it as it is."""
    yield "severity", say(rule.severity.value) + (say(", silent") if rule.silent else "")
    yield "effects", ", ".join(rule.effects)
    yield "cure", say(_cure(rule))
    yield from _fix(rule)
    yield "evidence", say(_EVIDENCE[rule.evidence])
    for scope in rule.scopes:
        yield "applies to", _scope(scope, say)
    if rule.undetectable:
        yield "never judged", f"its check needs {rule.undetectable}"
    if rule.runs:
        yield "matters for", ", ".join(kind.name for kind in rule.runs)
    if rule.when:
        yield "fires if", say(" and ").join(say(item.phrase) for item in rule.when)
    for item in rule.refused_if:
        yield "no patch if", item.phrase
    if rule.yields_to:
        yield "yields to", ", ".join(rule.yields_to)
    for symptom in rule.symptoms:
        yield "error text", symptom
    for text in rule.read_in:
        yield "read in", text
    for text in rule.raised_at:
        yield "raised at", text
    if rule.reports:
        yield "reports", ", ".join(rule.reports)
    if rule.fixed_by:
        yield "fixed by", ", ".join(rule.fixed_by)
    yield "since", f"gemma_compat {rule.since}"


def _cure(rule: Rule) -> str:
    if rule.patch is None:
        return "by hand; nothing is patched"
    return f"gemma_compat.patch(model), {rule.applicability.value}"


def _fix(rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield the releases that end it, for which model types, and the setting that avoids it."""
    fixed: dict[str, set[str]] = {}
    for scope in rule.scopes:
        releases = rule.fix.fixed_in if scope.fixed_in is None else scope.fixed_in
        fixed.setdefault(upgrade_command(releases), set()).update(scope.model_types)
    for command, types in fixed.items():
        if command:
            yield (
                "fixed in",
                command + (f" for {', '.join(sorted(types))}" if len(fixed) > 1 else ""),
            )
    if rule.fix.setting:
        yield "or set", rule.fix.setting


def _scope(scope: Scope, say: Callable[[str], str]) -> str:
    """Return ``gemma2, gemma3 with transformers >=4.50.0,<4.51.0, if ...``."""
    text = ", ".join(sorted(scope.model_types))
    if scope.by_config:
        text += say(" and newer types by their config")
    if scope.packages:
        packages = (f"{name} {spec}" for name, spec in scope.packages.items())
        text += say(" with ") + say(" and ").join(packages)
    conditions = say(" and ").join(say(item.phrase) for item in scope.when)
    return text + (say(", if ") + conditions if conditions else "")


def _cell(label: str, text: str) -> str:
    if label in {"reports", "fixed by"}:
        return ", ".join(map(_link, text.split(", ")))
    if label == "error text":
        return f"`{text}`".replace("|", "\\|")
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _link(reference: str) -> str:
    """Return ``owner/repo#number`` as a link; GitHub leads from an issue to a pull request by
    itself.
    """
    return f"[{reference}]({rule_document.url(reference)})"
