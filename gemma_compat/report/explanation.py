"""What a log means, for the terminal of who has it: what happened, what to type, why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .._explain.explanation import Cause, Generally
from ..language import said, said_list
from .explanation_causes import (
    cause_lines,
    cure,
    general_lines,
    possible_lines,
    quoted,
    ruled_out_lines,
    split_cure,
)
from .explanation_headline import at_line, change_of_origin, headline, of_code
from .explanation_unknown import (
    error_lines,
    search,
    to_type,
    unknown_lines,
    whose_lines,
)
from .header import rows_read
from .wording import in_language, wrap, wrap_as_it_is, wrap_quote

if TYPE_CHECKING:
    from .._explain.explanation import Explanation, SeenNotice
    from .._explain.unknown import Unknown

__all__ = ["headline", "render_json", "render_line", "render_markdown", "render_text"]

_AT_LEAST = 50
_OR = "^(or |或(者|改用)? ?)"


def render_line(found: Explanation) -> str:
    """Return the verdict in one line."""
    return headline(found)


def render_markdown(found: Explanation) -> str:
    """Render for an issue."""
    from . import explanation_shared  # a text for a terminal needs nothing that makes facts clean

    return explanation_shared.render_markdown(found)


def render_json(found: Explanation) -> str:
    """Render for programs."""
    from . import explanation_shared

    return explanation_shared.render_json(found)


def render_text(found: Explanation, verbose: bool = False) -> str:
    """Return the answer for a terminal: what happened, what to type, why; then the rest, shortened.

    Args:
        verbose: shorten nothing, and list what was ruled out too.
    """
    lines = wrap(f"{headline(found, is_private=True)}.", first="", rest="")
    lines += _to_type(found)
    lines += _leading(found)
    lines += _error(found)
    lines += _others(found, verbose)
    lines += _also(found, verbose)
    lines += _log_says(found, verbose)
    lines += ["", *_read(found)]
    lines += _more(found, verbose)
    return in_language("\n".join(lines) + "\n")


# What to type.


def _to_type(found: Explanation) -> list[str]:
    leading = found.leading
    if leading is None:
        return _of_what_is_stated(found)
    if isinstance(leading, Generally):
        first, *rest = leading.answer.do
        return ["", f"    {first}", *(["", *_alternatives(rest)] if rest else [])]
    first, rest_of_cure = split_cure(said(cure(leading)))
    if first.startswith("`") and first.endswith("`") and first.count("`") == 2:
        first = first.strip("`")
    lines = ["", *wrap(first, first="    ", rest="    ")]
    return lines + (["", *_alternatives([rest_of_cure])] if rest_of_cure else [])


def _of_what_is_stated(found: Explanation) -> list[str]:
    """Return the cure of the worst thing that the log's facts show, where nothing else leads."""
    if found.unknown is not None:
        first = _first_of(found, found.unknown)
        lay_out = wrap_as_it_is if first == search(found.unknown) else wrap
        return ["", *lay_out(first, first="    ", rest="    ")] if first else []
    if not found.also:
        return []
    first, rest = split_cure(found.also[0].problem.help)
    lines = ["", *wrap(first, first="    ", rest="    ")]
    return lines + (["", *_alternatives([rest])] if rest else [])


def _first_of(found: Explanation, unknown: Unknown) -> str:
    change = change_of_origin(found)
    return change.command if change is not None else to_type(unknown)


def _alternatives(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        text = re.sub(_OR, "", said(text))
        yield from wrap(text, first="  or: ", rest="      ")


# Why, how sure, how known.


def _leading(found: Explanation) -> list[str]:
    leading = found.leading
    if leading is None:
        if found.unknown is None:
            return []
        return ["", *unknown_lines(found.unknown, _first_of(found, found.unknown))]
    if isinstance(leading, Generally):
        whose = whose_lines(found.unknown) if found.unknown and leading.raised else ()
        return ["", *general_lines(leading, found), *whose]
    return ["", *cause_lines(leading)]


# The error itself, and what else may be behind it.


def _error(found: Explanation) -> list[str]:
    """Return the error that ended the run, unshortened: only the log's owner sees this terminal."""
    lines: list[str] = []
    shown = {found.error.number} if found.error else set()
    if found.leading is None and found.unknown is not None:
        lines += error_lines(found.unknown)
        shown |= {item.line for item in (*found.unknown.chain, found.unknown.first) if item}
    elif found.error is not None:
        lines += ["", *quoted(found.error, "error, ")]
    leading = found.leading
    if isinstance(leading, Generally) and leading.line.raw and leading.line.number not in shown:
        lines += ["", *quoted(leading.line, "")]
    elif leading is not None and not isinstance(leading, Generally):
        for line in leading.lines[-1:]:
            lines += [] if line.number in shown else ["", *quoted(line, "")]
    for item in found.unrecognised[1:]:
        if item.number in shown:
            continue
        lines += ["", *quoted(item, "not explained, ")]
    return lines


def _others(found: Explanation, verbose: bool) -> list[str]:
    leading = found.leading
    causes = [cause for cause in found.causes if cause is not leading]
    told = {line.number for line in leading.lines} if isinstance(leading, Cause) else set()
    general = [
        item
        for item in found.generally
        if item is not leading and (item.line.number not in told or item.answer.settles)
    ]
    lines: list[str] = []
    for cause in causes[: None if verbose else 2]:
        lines += ["", *possible_lines(cause, verbose)]
    for item in general[: None if verbose else 1]:
        text = f"also seen, {at_line(item.line.number).lower()}{item.answer.happened}"
        lines += ["", *wrap(text, "", "  ")]
        lines += wrap(item.answer.do[0], first="  do:    ", rest="         ")
    settled = isinstance(leading, Cause) or (leading is not None and leading.answer.settles)
    if not settled and found.ruled_out and not verbose:
        named = ", ".join(f"{out.rule.code} {out.rule.name}" for out in found.ruled_out[:3])
        text = f"It resembles {named}, known of another release or model: --verbose"
        lines += ["", *wrap(text, "", "  ")]
    for cause in found.if_gemma[: None if verbose else 3]:
        text = f"if the model is a Gemma: {cause.rule.code} {cause.rule.title}"
        lines += ["", *wrap(text, "", "  ")]
        lines += wrap(cure(cause), "  do:    ", "         ", lines=None if verbose else 2)
    left = len(causes) - 2
    if left > 0 and not verbose:
        lines += ["", f"{left} more possible cause{'s' if left > 1 else ''}: --verbose"]
    if verbose:
        for cause in found.doubted:
            lines += ["", *possible_lines(cause, verbose)]
        for out in found.ruled_out:
            lines += ["", *ruled_out_lines(out, found)]
    return lines


def _also(found: Explanation, verbose: bool) -> list[str]:
    """Return what the rules find in the facts, whatever error ends the log."""
    if not found.also:
        return []
    lines = ["", "Also wrong here, by what the log states (report says more):"]
    for item in found.also[: None if verbose else 3]:
        text = f"{item.rule.code} {said(item.rule.title)}: {said(item.problem.help)}"
        lines += wrap(text, first="  - ", rest="    ", lines=None if verbose else 3)
    left = len(found.also) - 3
    if left > 0 and not verbose:
        lines.append(f"  {left} more: --verbose")
    return lines


# What the log and its traceback state.


def _log_says(found: Explanation, verbose: bool) -> list[str]:
    lines: list[str] = []
    said = of_code(found)
    if isinstance(found.leading, Cause) and found.leading.is_certain and not verbose:
        said = tuple(item for item in said if item.kind == "contradiction")
    change = change_of_origin(found)
    for item in said[: None if verbose else 4]:
        if change is not None and item.command == change.command:  # the headline says it
            continue
        lines += wrap(item.text, first="- ", rest="  ", lines=None if verbose else 3)
        lines += [f"    {item.command}"] if item.command else []
    if found.skimmed:
        above, below = found.skimmed
        text = (
            f"Of lines {above:,} to {below:,}, of which hardly one is like another, only those "
            "near an error, a warning or a loss were read, as far as those are few"
        )
        lines += wrap(text, first="- ", rest="  ")
    for name, releases in found.several.items():
        told = ", ".join(f"{version} (line {line})" for version, line in releases[-4:])
        last = releases[-1][0]
        text = f"The log states several releases of {name}: {told}; {last}, the last, is taken"
        lines += wrap(text, first="- ", rest="  ")
    notices = found.notices if verbose else found.notices[:2]
    for seen in notices:
        lines += _notice(seen, verbose)
    left = len(found.notices) - len(notices)
    if left:
        lines.append(f"{left} more benign notice{'s' if left > 1 else ''}: --verbose")
    return ["", *lines] if lines else []


def _notice(seen: SeenNotice, verbose: bool) -> Iterator[str]:
    count = f", {seen.count} times" if seen.count > 1 else ""
    count += " or more" if seen.count >= _AT_LEAST else ""
    first = f"notice, line {seen.line.number}{count}: "
    yield from wrap_quote(seen.line.text, first, "   ", lines=2)
    yield from wrap(seen.notice.meaning, first="   ", rest="   ", lines=None if verbose else 2)


def _read(found: Explanation) -> Iterator[str]:
    """Yield the facts that were read, in the form of a report's header."""
    rows = rows_read(found)
    if not rows:
        yield "Nothing is said of versions, GPU, model or run; options can say it (--with, --gpu)."
    for label, text in rows:
        yield from wrap(said_list(text), first=f"{label:<9} ", rest=" " * 10)


def _more(found: Explanation, verbose: bool) -> list[str]:
    lines: list[str] = []
    if found.asks:
        first = f"{said('What would decide it:')} "
        lines += ["", *wrap(", ".join(map(said, found.asks)), first, "  ")]
    hints = []
    if found.unrecognised and found.leading is None:
        hints.append("To paste in an issue, with nothing private in it: --format markdown")
    if isinstance(found.leading, Cause):
        hints.append(f"The rule in full: python -m gemma_compat rule {found.leading.rule.code}")
    resembles = found.leading is None and found.ruled_out
    if not verbose and not resembles and (found.ruled_out or found.doubted):
        hints.append("What was ruled out: --verbose")
    return lines + (["", *hints] if hints else [])
