"""Preflight's answers as a table: name, outcome, figure; what failed comes last, with its cure.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..language import current, said
from ._shared_values import reason
from .sharing import clean_values
from .wide import padded
from .wording import in_language, wrap

if TYPE_CHECKING:
    from .._preflight.result import CheckResult, Preflight

_NAME = 31  # columns
_TOLD = {"fail", "warning"}
_ORDER = ("not run", "pass", "warning", "fail")  # what is read last on a terminal matters most


def render_line(result: Preflight) -> str:
    """Return the verdict in one line."""
    return f"{result.model_type}: {_verdict(result)}"


def render_text(result: Preflight) -> str:
    """Return one entry a check, then how it ended and what it cost."""
    lines = [f"gemma_compat preflight on {result.model_type}"]
    for item in sorted(result.checks, key=lambda item: _ORDER.index(item.outcome.value)):
        lines += _lines(item)
    return in_language("\n".join([*lines, _closing(result)]))


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


def _lines(item: CheckResult) -> Iterator[str]:
    head = f"{padded(said(item.outcome.value), 8)} {item.name:<{_NAME}} "
    rest = " " * 9
    yield from wrap(figure(item), first=head, rest=rest)
    for label, text in details(item):
        yield from wrap(text, first=f"{rest}{label:<5} ", rest=rest + " " * 6)


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
    failed, warned = len(result.failed), len(result.warned)
    verdict = f"{failed} failed" if failed else "nothing failed"
    return verdict + (f", {warned} warning{'' if warned == 1 else 's'}" if warned else "")
