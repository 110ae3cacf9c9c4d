"""What a log means, for machines: an annotation or a SARIF result at the line of the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..engine.place import Place
from ..engine.rule import Severity
from . import github, sarif
from .entries import Entry
from .explanation_causes import cure, happened
from .explanation_headline import headline
from .sharing import clean

if TYPE_CHECKING:
    from .._explain.explanation import Cause, Explanation, Generally, Line


def render_github(found: Explanation, file: str) -> str:
    """Return one workflow command for each cause, and the verdict as a plain line.

    Args:
        file: the log's path; empty for standard input, whose causes have no place.
    """
    return github.render_entries([*_entries(found, file)], [f"{headline(found)}."])


def render_sarif(found: Explanation, file: str) -> str:
    """Return a SARIF log with one result for each cause; ``file`` as for ``render_github``."""
    return sarif.render_entries([*_entries(found, file)])


def _entries(found: Explanation, file: str) -> Iterator[Entry]:
    """Yield the causes, likeliest first; then what is known of any model, or an unknown error."""
    for cause in found.causes:
        yield _cause(cause, file)
    told = {line.number for cause in found.causes for line in cause.lines}
    for item in found.generally:
        if item.answer.settles or item.line.number not in told:
            yield _general(item, file)
    for line in found.unrecognised[:1]:
        message = f"no rule knows this failure: {clean(line.text)}"
        yield Entry("unrecognised", "unrecognised", Severity.ERROR, message, "", _at(line, file))


def _cause(cause: Cause, file: str) -> Entry:
    rule = cause.rule
    is_known = cause.is_certain or cause.is_known_by_text
    return Entry(
        name=rule.code,
        title=f"{rule.code} {rule.name}",
        severity=rule.severity if is_known else Severity.WARNING,
        message=clean(("" if is_known else "a possible cause: ") + happened(cause)),
        help=clean(cure(cause)),
        places=_at(cause.lines[-1], file) if cause.lines else (),
        rule=rule,
    )


def _general(item: Generally, file: str) -> Entry:
    answer = item.answer
    severity = Severity.ERROR if item.raised else Severity.NOTICE
    text, help_text = clean(answer.happened), clean(answer.do[0]) if answer.do else ""
    return Entry(item.name, item.name, severity, text, help_text, _at(item.line, file))


def _at(line: Line, file: str) -> tuple[Place, ...]:
    return (Place(file, line.number),) if file else ()
