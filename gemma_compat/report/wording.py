"""Small texts that the renderers share."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .. import language
from ..engine.diagnosis import failed_imports, missing_packages
from ..engine.rule import Diagnosis, Evidence, Finding, Rule, Undetermined
from ..tables import families
from .wide import columns, padded, wrap_wide

WIDTH = 88
# A line that `wrap` made in Chinese, or that goes on from the one before: perhaps a quote.
_LAID_OUT = r"[\u4e00-\u9fff]|^ {6}"

_STRENGTH = {
    Evidence.RAN: "",
    Evidence.SOURCE: " [read in the source, not run]",
    Evidence.REPORTED: " [reported by others, not run]",
}


def strength(rule: Rule) -> str:
    """Return how the rule is known, where it was not run here; empty where it was."""
    return _STRENGTH[rule.evidence]


def types_of(answer: Finding | Undetermined) -> str:
    """Return ``[gemma2, gemma3]`` where every model type was judged; empty for one model."""
    return f" [{', '.join(answer.model_types)}]" if answer.model_types else ""


def not_a_gemma(diagnosis: Diagnosis) -> str | None:
    """Return the one line for a model that is none of ours, or ``None``."""
    model = diagnosis.facts.model
    if not model.known("model_type") or families.is_gemma(model.model_type):
        return None
    return f"model_type {model.model_type!r} is not a Gemma; there is nothing to report."


def verdict(diagnosis: Diagnosis) -> str:
    """Return ``1 error, 2 warnings; 3 not decided``, or why nothing can train here."""
    counts: dict[str, int] = {}
    for finding in diagnosis.findings:
        counts[finding.rule.severity.value] = counts.get(finding.rule.severity.value, 0) + 1
    found = ", ".join(f"{n} {name}{'s' if n > 1 else ''}" for name, n in counts.items())
    facts = diagnosis.facts
    if not found and missing_packages(facts):
        return f"Nothing can train here: without {' and '.join(missing_packages(facts))}"
    if failed_imports(facts):
        failed = f"{' and '.join(failed_imports(facts))} cannot be imported"
        found = f"{failed}; {found}" if found else failed
    undecided = len({item.rule.code for item in diagnosis.undetermined})
    return (found or "No known failure found") + (f"; {undecided} not decided" if undecided else "")


def codes_by_severity(rules: Iterable[Rule]) -> dict[str, list[str]]:
    """Return the rules' codes, each once, worst severity first."""
    found: dict[str, list[str]] = {}
    for rule in sorted(rules, key=lambda rule: rule.severity.rank):
        codes = found.setdefault(rule.severity.value, [])
        if rule.code not in codes:
            codes.append(rule.code)
    return found


def wrap(text: str, first: str, rest: str, lines: int | None = None) -> list[str]:
    """Return the text in lines of at most 88 columns; never breaks a path or a quoted command's
    word.

    Args:
        first, rest: what the first line and the others begin with.
        lines: cut after so many, with an ellipsis.
    """
    if language.current() != "en":
        return wrap_wide(language.said(text), _label(first), rest, WIDTH, lines)
    return _wrap_english(text, first, rest, lines)


def wrap_as_it_is(text: str, first: str, rest: str) -> list[str]:
    """Return what is to be typed as :func:`wrap` does: only its label is translated."""
    if language.current() == "en":
        return _wrap_english(text, first, rest, None)
    return wrap_wide(text, _label(first), rest, WIDTH, None)


def wrap_quote(text: str, first: str, rest: str, lines: int) -> list[str]:
    """Return a quoted text as :func:`wrap` does: only its label is translated."""
    if language.current() == "en":
        return _wrap_english(text, first, rest, lines)
    said = language.said(first.rstrip())
    return wrap_wide(text, said if said.endswith("：") else f"{said} ", rest, WIDTH, lines)


def _wrap_english(text: str, first: str, rest: str, lines: int | None) -> list[str]:
    import textwrap

    wrapper = textwrap.TextWrapper(
        width=WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
        max_lines=lines,
        placeholder=" ...",
    )
    return wrapper.wrap(text) or [first.rstrip()]


def _label(first: str) -> str:
    """Return what a line begins with, translated, in as many columns where it fits."""
    said = language.said(first.rstrip())
    return padded(said, max(columns(first), columns(said) + first.endswith(" ")))


def in_language(text: str) -> str:
    """Return a report with those of its lines translated that were not laid out by ``wrap``."""
    if language.current() == "en":
        return text
    lines = text.split("\n")
    return "\n".join(line if re.search(_LAID_OUT, line) else language.said(line) for line in lines)


def label(rule: Rule) -> str:
    """Return ``error GC101 ``, as a finding begins."""
    return f"{rule.severity.value} {rule.code} "


def printable(text: str) -> str:
    """Return the text without control characters: a config file can hold anything."""
    return "".join(char if char.isprintable() or char == "\n" else "?" for char in text)
