"""What a log means, as text, markdown or JSON. Every line of a log in it is an excerpt already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .._version import __version__
from .header import header_rows
from .sharing import clean, shareable_facts
from .wording import strength, wrap

if TYPE_CHECKING:
    from .._explain.explanation import Cause, Explanation, Line, RuledOut, SeenNotice
    from ..engine.rule import Rule

_AT_LEAST = 50
# What a maintainer asks for first, and where it comes from.
_WANTED = {
    "python": "the Python version",
    "packages.transformers": "the version of transformers",
    "packages.torch": "the version of torch",
    "packages.trl": "the version of trl",
    "packages.peft": "the version of peft",
    "packages.accelerate": "the version of accelerate",
    "gpus": "the GPU",
    "model": "the model",
    "training": "the training arguments",
}


def render_line(found: Explanation) -> str:
    """Return the verdict in one line."""
    return _verdict(found)


def render_text(found: Explanation) -> str:
    """The answer for a terminal: causes in order, then what is benign, unknown and was read."""
    lines = [f"gemma_compat {__version__}", *wrap(_verdict(found), first="", rest="  ")]
    for place, cause in enumerate(found.causes, start=1):
        lines += ["", *_cause(place, cause)]
    for item in found.unrecognised:
        lines += ["", *_quoted(item, "not explained, ")]
    for out in found.ruled_out:
        lines += ["", *_ruled_out(out, found)]
    for seen in found.notices:
        lines += ["", *_notice(seen)]
    lines += ["", *_read(found)]
    if found.unrecognised and not found.causes:
        lines += ["", "For an issue, paste this (nothing private is in it):", ""]
        lines += [f"  {line}".rstrip() for line in block(found)]
    elif found.causes:
        lines += ["", f"One rule in full: python -m gemma_compat rule {found.causes[0].rule.code}"]
    return "\n".join(lines) + "\n"


def _verdict(found: Explanation) -> str:
    """One sentence; what comes first decides."""
    read = f"{found.lines:,} line{'' if found.lines == 1 else 's'} read: "
    if found.causes:
        more = len(found.causes) - 1
        also = f", {more} more possible" if more else ""
        return f"{read}{found.causes[0].rule.title}{also}."
    if found.ruled_out and found.unrecognised:
        return f"{read}the text of a known failure, which what is known rules out."
    if found.unrecognised:
        return f"{read}it ends in an error that no rule here knows."
    return f"{read}no failure that is known here{', only benign notices' if found.notices else ''}."


def _cause(place: int, cause: Cause) -> Iterator[str]:
    rule = cause.rule
    yield f"{place}. {rule.severity.value} {rule.code} {rule.name}{strength(rule)}"
    yield from _lines(cause.lines)
    yield from wrap(_happened(cause), first="   what: ", rest="         ")
    yield from wrap(section(rule, "Why"), first="   why:  ", rest="         ")
    yield from wrap(_cure(cause), first="   do:   ", rest="         ")
    yield from wrap(_fit(cause), first="   fit:  ", rest="         ")


def _happened(cause: Cause) -> str:
    return cause.problem.message if cause.problem else cause.rule.title


def _cure(cause: Cause) -> str:
    return cause.problem.help if cause.problem else section(cause.rule, "Cure")


def _fit(cause: Cause) -> str:
    """How well what is known fits the rule."""
    model = f"the model is {' or '.join(cause.if_model)}" if cause.if_model else ""
    if cause.problem:
        holds = "every condition of the rule holds for what is known"
        return f"{holds}, if {model}" if model else holds
    if cause.against:
        return f"doubtful: it holds if {cause.against}, and what is known says otherwise"
    if cause.rule.undetectable:
        text = f"known by its text alone: a check would need {cause.rule.undetectable}"
        return f"{text}; if {model}" if model else text
    conditions = " and ".join(item for item in (model, cause.condition) if item)
    missing = [*(["model.model_type"] if model else []), *cause.missing]
    return f"it is this if {conditions}; not known: {', '.join(missing)}"


def _ruled_out(out: RuledOut, found: Explanation) -> Iterator[str]:
    yield f"ruled out: {out.rule.code} {out.rule.name}"
    yield from _lines(out.lines[-1:])
    yield from wrap(f"only where {out.against}; {_instead(out, found)}", "   ", "   ")


def _instead(out: RuledOut, found: Explanation) -> str:
    """What the log says instead, and where."""
    name = out.against.split()[0]
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


def _notice(seen: SeenNotice) -> Iterator[str]:
    count = f", {seen.count} times" if seen.count > 1 else ""
    count += " or more" if seen.count >= _AT_LEAST else ""
    yield from wrap(f"line {seen.line.number}{count}: {seen.line.text}", "notice, ", "   ", lines=2)
    yield from wrap(seen.notice.meaning, first="   ", rest="   ")


def _lines(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        yield from _quoted(line, "   ")


def _quoted(line: Line, first: str) -> list[str]:
    return wrap(f"line {line.number}: {line.text}", first=first, rest="      ", lines=3)


def _read(found: Explanation) -> Iterator[str]:
    """The facts that were read, as the header of a report has them."""
    rows = _rows(found)
    if not rows:
        yield "Nothing is said of versions, GPU, model or run; options can say it (--with, --gpu)."
    for label, text in rows:
        yield from wrap(text, first=f"{label:<9} ", rest=" " * 10)


def _rows(found: Explanation) -> list[tuple[str, str]]:
    known = found.facts.to_dict()
    wanted = {
        "Python": "python" in known,
        "Packages": bool(known["packages"]),
        "GPU": "gpus" in known,
        "Model": bool(known["model"]),
        "Run": bool(known["training"]),
        "Assumed": bool(known["assumed"]),
    }
    return [(label, text) for label, text in header_rows(found.facts) if wanted.get(label)]


def section(rule: Rule, heading: str) -> str:
    """The first paragraph of that section of the rule's page, on one line."""
    _, _, rest = rule.docs.partition(f"## {heading}\n")
    return " ".join(re.split(r"\n\s*\n|\n## ", rest.strip())[0].split())


def block(found: Explanation) -> list[str]:
    """What a maintainer would ask for: error, versions, GPU, model, run, and what is missing."""
    lines = [f"gemma_compat {__version__}, from a log of {found.lines:,} lines"]
    shown = found.unrecognised[:1] or tuple(c.lines[-1] for c in found.causes[:1])
    lines += [f"{'Error':<9} {line.text} (line {line.number})" for line in shown]
    lines += [f"{label:<9} {clean(text)}" for label, text in _rows(found)]
    missing = [text for topic, text in _WANTED.items() if not _is_known(topic, found)]
    lines += [f"{'Not known':<9} {', '.join(missing)}"] if missing else []
    return lines


def _is_known(topic: str, found: Explanation) -> bool:
    area, _, name = topic.partition(".")
    if area == "packages":
        return name in found.facts.packages
    if area in {"model", "training"}:
        return bool(getattr(found.facts, area).to_dict())
    return found.facts.known(topic)


def render_markdown(found: Explanation) -> str:
    """For an issue: the block, then the causes."""
    parts = ["```", *block(found), "```"]
    for cause in found.causes:
        rule = cause.rule
        parts += ["", f"- **{rule.code}** `{rule.name}` ({cause.fit}){strength(rule)}"]
        parts += [
            f"  - line {line.number}: `{line.text.replace('`', chr(39))}`" for line in cause.lines
        ]
        parts += [f"  - {clean(_happened(cause))}", f"  - help: {clean(_cure(cause))}"]
        parts += [f"  - upstream: {', '.join(rule.upstream)}"] if rule.upstream else []
    return "\n".join(parts) + "\n"


def render_json(found: Explanation) -> str:
    """Codes in the order of likelihood, the lines that matched, and the facts that were read."""
    from .json import dump

    return dump(
        {
            "lines": found.lines,
            "codes": list(found.codes),
            "causes": [_cause_json(cause) for cause in found.causes],
            "ruled_out": [
                {"code": out.rule.code, "lines": _lines_json(out.lines), "holds_if": out.against}
                for out in found.ruled_out
            ],
            "unrecognised": _lines_json(found.unrecognised),
            "notices": [
                {
                    "name": seen.notice.name,
                    "lines": _lines_json([seen.line]),
                    "count": seen.count,
                    "meaning": seen.notice.meaning,
                }
                for seen in found.notices
            ],
            "facts": shareable_facts(found.facts),
            "stated_at": dict(sorted(found.stated_at.items())),
            "other_models": list(found.other_models),
        }
    )


def _cause_json(cause: Cause) -> dict[str, Any]:
    return {
        "code": cause.rule.code,
        "name": cause.rule.name,
        "severity": cause.rule.severity.value,
        "fit": cause.fit,
        "raised": cause.raised,
        "lines": _lines_json(cause.lines),
        "what": _happened(cause),
        "why": section(cause.rule, "Why"),
        "help": _cure(cause),
        "holds_if": cause.condition or cause.against,
        "if_model": list(cause.if_model),
        "missing": list(cause.missing),
        "holds": list(cause.holds),
        "upstream": list(cause.rule.upstream),
    }


def _lines_json(lines: Iterable[Line]) -> list[dict[str, Any]]:
    return [{"line": line.number, "text": line.text} for line in lines]
