"""Render one cause of a log's error: what, why, how sure and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..facts import Facts
from .wording import strength, wrap, wrap_quote

if TYPE_CHECKING:
    from .._explain.explanation import Cause, Explanation, Generally, Line, RuledOut
    from ..engine.rule import Rule

_SPLIT = re.compile(r"，或 ?|；|。(?=.)|, or |; |\. (?=[A-Z`])| or (?=`|pip )")


def split_cure(text: str) -> tuple[str, str]:
    """Return the thing to do first, and the rest."""
    found = _SPLIT.search(text)
    if found is None or found.start() < 12:
        return text, ""
    return text[: found.start()], text[found.end() :]


def general_lines(item: Generally, found: Explanation) -> Iterator[str]:
    answer = item.answer
    of = "" if answer.of_gemma else " [general: any model can meet this]"
    yield f"{item.name}{of}"
    if answer.why:
        yield from wrap(f"{answer.why}", first="  why:   ", rest="         ")
    sure = "certain" if answer.certain else "likely, not certain"
    yield from wrap(f"{sure}; {answer.known}", first="  sure:  ", rest="         ")
    if answer.in_place:
        told = f"already set here: {'; '.join(answer.in_place)}"
        yield from wrap(told, first="  note:  ", rest="         ")
    if found.other_models:
        yield from wrap(
            f"the log is about {found.other_models[0]}: no rule of Gemma's was asked",
            first="  note:  ",
            rest="         ",
        )


def cause_lines(cause: Cause) -> Iterator[str]:
    rule = cause.rule
    yield f"{rule.severity.value} {rule.code} {rule.name}{strength(rule)}"
    if cause.because:
        yield from wrap(cause.because, first="  seen:  ", rest="         ")
    if cause.problem:
        yield from wrap(cause.problem.message, first="  what:  ", rest="         ")
    yield from wrap(section(rule, "Why"), first="  why:   ", rest="         ", lines=5)
    page = section(rule, "Cure")
    if (
        not cause.problem
        and page not in cure(cause)
        and not page.startswith(("Only other", "Upgrade:"))
    ):
        yield from wrap(page, first="  cure:  ", rest="         ", lines=4)
    yield from wrap(fit(cause), first="  sure:  ", rest="         ")


def happened(cause: Cause) -> str:
    return cause.problem.message if cause.problem else cause.rule.title


def cure(cause: Cause) -> str:
    """Return what to type; of an open cause the release that fixes it, else what its page says."""
    if cause.problem:
        return cause.problem.help
    help_text = cause.rule.help(Facts())
    is_release = help_text.startswith("pip install")
    return help_text if is_release else section(cause.rule, "Cure")


def fit(cause: Cause) -> str:
    """Return how well what is known fits the rule."""
    model = f"the model is {' or '.join(cause.if_model)}" if cause.if_model else ""
    if cause.problem:
        holds = "confirmed: every condition of the rule holds for what is known"
        return f"{holds}, if {model}" if model else holds
    if cause.against:
        return f"doubtful: it holds if {cause.against}, and what is known says otherwise"
    if cause.rule.undetectable:
        text = f"known by its text alone: a check would need {cause.rule.undetectable}"
        return f"{text}; if {model}" if model else text
    conditions = " and ".join(item for item in (model, cause.condition) if item)
    missing = [*(["model.model_type"] if model else []), *cause.missing]
    return f"possible: it is this if {conditions}; not known: {', '.join(missing)}"


def possible_lines(cause: Cause, verbose: bool) -> Iterator[str]:
    rule = cause.rule
    kind = "also" if cause.is_certain else "doubtful" if cause.against else "possible"
    yield f"{kind}: {rule.severity.value} {rule.code} {rule.name}{strength(rule)}"
    yield from wrap(happened(cause), first="  what:  ", rest="         ")
    if verbose:
        for line in cause.lines:
            yield from quoted(line, "  ")
        yield from wrap(section(rule, "Why"), first="  why:   ", rest="         ")
    yield from wrap(cure(cause), "  do:    ", "         ", lines=None if verbose else 3)
    yield from wrap(fit(cause), "  sure:  ", "         ", lines=None if verbose else 3)


def ruled_out_lines(out: RuledOut, found: Explanation) -> Iterator[str]:
    yield f"ruled out: {out.rule.code} {out.rule.name}"
    yield from _lines(out.lines[-1:])
    yield from wrap(f"only where {out.against}; {_instead(out, found)}", "   ", "   ")


def _instead(out: RuledOut, found: Explanation) -> str:
    """Return what the log says instead, and where."""
    name = out.package
    package = found.facts.packages.get(name)
    if package is not None:
        where = found.stated_at.get(f"packages.{name}")
        at = f" (line {where})" if where else ""
        return f"here it is {package.get('version', 'another')}{at}"
    if name in found.facts.packages:
        return f"{name} is not installed"
    if found.facts.model.known("model_type"):
        return f"here the model is {found.facts.model.model_type}"
    return "what is known says otherwise"


def _lines(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        yield from quoted(line, "   ")


def quoted(line: Line, first: str) -> list[str]:
    text = line.raw.strip() or line.text
    return wrap_quote(text, first=f"{first}line {line.number}: ", rest="      ", lines=4)


def section(rule: Rule, heading: str) -> str:
    """Return the first paragraph of that section of the rule's page, on one line."""
    _, _, rest = rule.docs.partition(f"## {heading}\n")
    return " ".join(re.split(r"\n\s*\n|\n## ", rest.strip())[0].split())
