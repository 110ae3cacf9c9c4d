"""Preflight's answers: what failed and what warns first, with its cure, then what was measured.

Of the other checks a report has the names, on one screen; verbose, it has a line for each. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..language import current, said
from ._shared_values import reason
from .sharing import clean_values
from .wide import padded
from .wording import in_language, wrap

if TYPE_CHECKING:
    from .._preflight.result import CheckResult, Preflight

_NAME = 31  # columns
_REST = " " * 9  # what a line that goes on begins with
_TOLD = {"fail", "warning"}
_ALL = "Every check with its figure or reason: --verbose, or print(result.table())"


def render_line(result: Preflight) -> str:
    """Return the verdict in one line."""
    return f"{result.model_type}: {_verdict(result)}"


def render_text(result: Preflight) -> str:
    """Return what was found, how it ended and what it cost."""
    lines = [f"gemma_compat preflight on {result.model_type}"]
    for item in (*result.failed, *result.warned):
        lines += _lines(item)
    lines += _every(result) if result.verbose else _folded(result)
    return in_language("\n".join([*lines, _closing(result), *([] if result.verbose else [_ALL])]))


def render_stopped(result: Preflight) -> str:
    """Return the last line where a run was stopped: what failed, and how to go on."""
    names = [item.name for item in result.failed]
    count = f"{len(names)} check{'' if len(names) == 1 else 's'} failed"
    lines = [
        f"Training was not started: {count} ({', '.join(names)}).",
        f"Leave a check out: --skip {names[0]}, or preflight=dict(skip=[{names[0]!r}]). "
        "Train all the same: --continue.",
    ]
    return in_language("\n".join(lines))


def shareable(result: Preflight) -> dict[str, Any]:
    """Return plain values for a file, without any text of the user's data.

    The file lies beside the checkpoints, and ``Trainer.push_to_hub`` uploads that folder. So of
    where something was found, the row and the token are told, and not the text around them.
    """
    found = result.to_dict()
    for item in found["checks"]:
        item["figure"] = reason(item["figure"])
        if "where" in item:
            item["where"] = item["where"].partition(":")[0]
    shared: dict[str, Any] = clean_values(found)
    return shared


def _every(result: Preflight) -> Iterator[str]:
    """Yield each check that passed, and each that was not run."""
    for outcome in ("pass", "not run"):
        for item in result.checks:
            if item.outcome.value == outcome:
                yield from _lines(item)


def _folded(result: Preflight) -> Iterator[str]:
    """Yield what was measured, and the names of all other checks by what they have in common."""
    good = [item for item in result.checks if item.outcome.value == "pass"]
    measured = [item for item in good if item.tolerance]
    for item in measured:
        yield from _lines(item)
    if others := [item for item in good if not item.tolerance]:
        what = f"{len(others)} more" if measured else f"{len(others)} checks"
        yield from wrap(_named(what, others), _label("pass"), _REST)
    for why, items in unknown_by_reason(result).items():
        yield from wrap(_named(why, items), _label("not run"), _REST)
    if idle := [item for item in result.checks if not item.applies]:
        what = f"{len(idle)} with nothing to look at here"
        yield from wrap(_named(what, idle), _label("not run"), _REST)


def unknown_by_reason(result: Preflight) -> dict[str, list[CheckResult]]:
    """Return the checks that could not be made, by why."""
    found: dict[str, list[CheckResult]] = {}
    for item in result.unknown:
        found.setdefault(item.figure, []).append(item)
    return found


def _named(what: str, items: list[CheckResult]) -> str:
    """Return ``what: name, name`` with what is said translated."""
    mark = ": " if current() == "en" else "："
    return f"{said(what)}{mark}{names(items)}"


def names(items: Iterable[CheckResult]) -> str:
    """Return the names of checks as a list."""
    return (", " if current() == "en" else "、").join(item.name for item in items)


def _label(outcome: str) -> str:
    return f"{padded(said(outcome), 8)} "


def _lines(item: CheckResult) -> Iterator[str]:
    head = f"{_label(item.outcome.value)}{item.name:<{_NAME}} "
    yield from wrap(figure(item), first=head, rest=_REST)
    for label, text in details(item):
        yield from wrap(text, first=f"{_REST}{label:<5} ", rest=_REST + " " * 6)


def figure(item: CheckResult) -> str:
    """Return what was found, with what it was held against: two sentences, translated apart."""
    found, against = said(item.figure), said(item.tolerance)
    if current() == "en":
        return found + (f" ({against})" if against else "")
    return found + (f"（{against}）" if against else "")


def details(item: CheckResult) -> Iterator[tuple[str, str]]:
    """Yield where it was found, what to do, and the pages of the rules that explain it."""
    if item.outcome.value not in _TOLD:
        return
    if item.where:
        yield "at:", _place(item.where)
    if item.help:
        yield "try:", item.help
    if item.rules:
        yield "see:", ", ".join(f"python -m gemma_compat rule {code}" for code in item.rules)


def _place(where: str) -> str:
    """Return ``row 0, token 5: text of the data`` with the row translated and the text as it is."""
    row, mark, text = where.partition(": ")
    return f"{said(row)}{mark}{text}"


def _closing(result: Preflight) -> str:
    return f"{_verdict(result)}; cost: {result.passes:.1f} forward-backward passes of the batch"


def _verdict(result: Preflight) -> str:
    failed, warned, unknown = len(result.failed), len(result.warned), len(result.unknown)
    verdict = f"{failed} failed" if failed else "nothing failed"
    verdict += f", {warned} warning{'' if warned == 1 else 's'}" if warned else ""
    return verdict + (f", {unknown} unknown" if unknown else "")
