"""The report as JUnit XML: a test case for each rule that was asked, and one for each remark.

A finding that reaches ``--fail-on`` is a failure. One below it passes, with its text as output. A
rule that could not be decided, or that the policy ignores, is skipped with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from .._version import __version__
from ..engine.gate import Gate
from ..engine.rule import Diagnosis, Rule
from .entries import TOOL, Entry, entries
from .sharing import clean

_INDENT = "    "


def render(diagnosis: Diagnosis, gate: Gate) -> str:
    """Return one suite."""
    found: dict[str, list[Entry]] = {}
    for entry in entries(diagnosis, gate):
        found.setdefault(entry.name, []).append(entry)
    skipped = dict(_skipped(diagnosis, gate))
    rules = {rule.code: rule for rule in gate.rules if not rule.undetectable}
    cases = [_case(code, rule, found.get(code, []), skipped, gate) for code, rule in rules.items()]
    others = [name for name in found if name not in rules]
    cases += [_case(name, None, found[name], {}, gate) for name in others]
    counts = Counter(kind for kind, _ in cases)
    head = (
        f'<testsuite name="{TOOL}" tests="{len(cases)}" failures="{counts["failure"]}" '
        f'errors="0" skipped="{counts["skipped"]}" time="0">'
    )
    tool = f'<property name="version" value={quoteattr(__version__)}/>'
    lines = [f"<properties>{tool}</properties>", *(text for _, text in cases)]
    inside = "\n".join(_INDENT + line for line in lines)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n  {head}\n{inside}\n'
        "  </testsuite>\n</testsuites>\n"
    )


def _case(
    name: str, rule: Rule | None, found: list[Entry], skipped: dict[str, str], gate: Gate
) -> tuple[str, str]:
    """Return ``failure``, ``skipped`` or ``passed``, and the test case."""
    title = name if rule is None else f"{name} {rule.name}"
    family = "remark" if rule is None else rule.family or "other"
    head = f'<testcase classname="{TOOL}.{family}" name={_attribute(title)} time="0"'
    text = "\n\n".join(entry.text for entry in found)
    failing = [entry for entry in found if gate.reaches(entry.severity)]
    if failing:
        first = f"message={_attribute(failing[0].message)} type={quoteattr(_severity(failing))}"
        return "failure", f"{head}><failure {first}>{_text(text)}</failure></testcase>"
    if found:
        return "passed", f"{head}><system-out>{_text(text)}</system-out></testcase>"
    if name in skipped:
        reason = _attribute(skipped[name])
        return "skipped", f"{head}><skipped message={reason}/></testcase>"
    return "passed", f"{head}/>"


def _skipped(diagnosis: Diagnosis, gate: Gate) -> Iterator[tuple[str, str]]:
    for item in diagnosis.undetermined:
        missing = ", ".join(topic for topic, _ in item.missing)
        yield item.rule.code, clean(f"not decided: unknown {missing}")
    for ignored in gate.ignored:
        until = f" until {ignored.expires}" if ignored.expires else ""
        yield ignored.answer.rule.code, clean(f"ignored{until}: {ignored.reason}")


def _severity(found: list[Entry]) -> str:
    return found[0].severity.value


def _text(text: str) -> str:
    return escape(_allowed(text))


def _attribute(text: str) -> str:
    return quoteattr(_allowed(text).replace("\n", " "))


def _allowed(text: str) -> str:
    """Return the text with ``?`` for each character that XML 1.0 cannot hold."""
    return "".join(char if char.isprintable() or char == "\n" else "?" for char in text)
