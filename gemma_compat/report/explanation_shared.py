"""What a log means, as it may be shared: markdown and JSON. Every line of the log is an excerpt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .._version import __version__
from ..facts import Facts
from .explanation_causes import cure, happened, section
from .explanation_headline import headline, is_error_told
from .header import rows_read
from .sharing import clean, shareable_facts
from .wording import strength

if TYPE_CHECKING:
    from .._explain.explanation import Cause, Explanation, Generally, Line, SeenNotice
    from .._explain.unknown import Unknown

# What a maintainer asks for first, and where it comes from.
_WANTED = {
    "python": "Python",
    "packages.transformers": "transformers",
    "packages.torch": "torch",
    "packages.trl": "trl",
    "packages.peft": "peft",
    "packages.accelerate": "accelerate",
    "gpus": "the GPU",
    "model": "the model",
    "training": "the training arguments",
}


def block(found: Explanation) -> list[str]:
    """Return what a maintainer would ask for: error, versions, GPU, model, run, and what is
    missing.
    """
    unit = "line" if found.lines == 1 else "lines"
    lines = [f"gemma_compat {__version__}, from a log of {found.lines:,} {unit}"]
    shared = Facts.from_dict(shareable_facts(found.facts))
    shown = found.unrecognised[:1]
    if found.causes and not shown:  # a cause that the facts alone show has no line
        error = (found.error,) if found.error is not None else ()
        shown = found.causes[0].lines[-1:] or error
    lines += [f"{'Error':<9} {line.text} (line {line.number})" for line in shown]
    unknown = found.unknown
    if unknown is not None and unknown.is_indexed and unknown.raised_by is not None:
        place = unknown.raised_by  # a file of a published package
        lines.append(f"{'Raised':<9} line {place.line} of {place.file}")
    lines += [f"{label:<9} {clean(text)}" for label, text in rows_read(found, shared)]
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
    """Render for an issue: the block, then the causes and the general answers."""
    parts = ["```", *block(found), "```"]
    if found.framing and is_error_told(found):
        parts += ["", headline(found)]  # what follows may be over
    for cause in found.causes:
        rule = cause.rule
        parts += ["", f"- **{rule.code}** `{rule.name}` ({cause.fit}){strength(rule)}"]
        parts += [
            f"  - line {line.number}: `{line.text.replace('`', chr(39))}`" for line in cause.lines
        ]
        parts += [f"  - {clean(happened(cause))}", f"  - help: {clean(cure(cause))}"]
        parts += [f"  - upstream: {', '.join(rule.upstream)}"] if rule.upstream else []
    for item in found.generally:
        parts += ["", *_general_markdown(item)]
    return "\n".join(parts) + "\n"


def _general_markdown(item: Generally) -> list[str]:
    answer = item.answer
    whose = "" if answer.of_gemma else "general: any model can meet this; "
    return [
        f"- `{item.name}` ({whose}{'certain' if answer.certain else 'likely'})",
        f"  - line {item.line.number}: {clean(answer.happened)}",
        f"  - help: {clean(answer.do[0])}",
    ]


def render_json(found: Explanation) -> str:
    """Render the codes by likelihood, the lines that matched, and the facts that were read."""
    from .json import dump

    return dump(
        {
            "lines": found.lines,
            "codes": list(found.codes),
            "headline": headline(found),
            "framing": found.framing and {"kind": found.framing.kind, "line": found.framing.line},
            "causes": [_cause_json(cause) for cause in found.causes],
            "if_gemma": [_cause_json(cause) for cause in found.if_gemma],
            "doubted": [_cause_json(cause) for cause in found.doubted],
            "general": [_general_json(item) for item in found.generally],
            "also": [
                {"code": item.rule.code, "what": item.problem.message, "help": item.problem.help}
                for item in found.also
            ],
            "read_off": [{"kind": item.kind, "text": item.text} for item in found.read_off],
            "asks": list(found.asks),
            "skimmed": list(found.skimmed),
            "several": {name: [list(r) for r in items] for name, items in found.several.items()},
            "ruled_out": [
                {"code": out.rule.code, "lines": _lines_json(out.lines), "holds_if": out.against}
                for out in found.ruled_out
            ],
            "unrecognised": _lines_json(found.unrecognised),
            "unknown": _unknown_json(found.unknown) if found.unknown else None,
            "notices": [_notice_json(seen) for seen in found.notices],
            "facts": shareable_facts(found.facts),
            "stated_at": dict(sorted(found.stated_at.items())),
            "other_models": list(found.other_models),
        }
    )


def _general_json(item: Generally) -> dict[str, Any]:
    answer = item.answer
    return {
        "name": item.name,
        "line": item.line.number,
        "what": clean(answer.happened),
        "help": [clean(text) for text in answer.do],
        "why": clean(answer.why),
        "known": answer.known,
        "certain": answer.certain,
    }


def _notice_json(seen: SeenNotice) -> dict[str, Any]:
    return {
        "name": seen.notice.name,
        "lines": _lines_json([seen.line]),
        "count": seen.count,
        "meaning": seen.notice.meaning,
    }


def _unknown_json(unknown: Unknown) -> dict[str, Any]:
    """Return what may be shared of an error that nothing here knows."""
    is_published = unknown.is_indexed
    place = unknown.raised_by if is_published else None
    raised = {"file": place.file, "line": place.line, "function": place.function} if place else None
    chain = [{"line": i.line, "text": i.text, "link": i.link} for i in unknown.chain]
    return {
        "line": unknown.line,
        "class": unknown.shown,
        "package": unknown.package if is_published else "",
        "version": unknown.version if is_published else "",
        "raised_by": raised,
        "help": unknown.shown_do,
        "why": unknown.shown_why,
        "search": unknown.shown_search,
        "chain": chain,
        "ranks": list(unknown.ranks),
        "only_told": unknown.is_told,
        "went_on_at": unknown.went_on_at,
    }


def _cause_json(cause: Cause) -> dict[str, Any]:
    return {
        "code": cause.rule.code,
        "name": cause.rule.name,
        "severity": cause.rule.severity.value,
        "fit": cause.fit,
        "raised": cause.raised,
        "lines": _lines_json(cause.lines),
        "what": happened(cause),
        "why": section(cause.rule, "Why"),
        "help": cure(cause),
        "holds_if": cause.condition or cause.against,
        "if_model": list(cause.if_model),
        "missing": list(cause.missing),
        "holds": list(cause.holds),
        "upstream": list(cause.rule.upstream),
    }


def _lines_json(lines: Iterable[Line]) -> list[dict[str, Any]]:
    return [{"line": line.number, "text": line.text} for line in lines]
