"""Preflight's answers as a table: name, outcome, figure. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .wording import wrap

if TYPE_CHECKING:
    from .._preflight.result import CheckResult, Preflight

_NAME = 25  # columns


def render_line(result: Preflight) -> str:
    """Return the verdict in one line."""
    return f"{result.model_type}: {_verdict(result)}"


def render_text(result: Preflight) -> str:
    """Return one entry a check, then how it ended and what it cost."""
    lines = [f"gemma_compat preflight on {result.model_type}"]
    for item in result.checks:
        lines += _lines(item)
    return "\n".join([*lines, _closing(result)])


def _lines(item: CheckResult) -> Iterator[str]:
    head = f"{item.outcome.value:<8} {item.name:<{_NAME}} "
    text = item.figure + (f" ({item.tolerance})" if item.tolerance else "")
    yield from wrap(text, first=head, rest=" " * len(head))
    if item.rules and item.outcome.value in {"fail", "warning"}:
        pages = ", ".join(f"python -m gemma_compat rule {code}" for code in item.rules)
        yield from wrap(f"see {pages}", first=" " * len(head), rest=" " * len(head))


def _closing(result: Preflight) -> str:
    count = max(1, len(result.checks))
    return (
        f"{_verdict(result)}; cost: {result.passes:.1f} forward-backward passes of the batch, "
        f"{result.passes / count:.2f} a check"
    )


def _verdict(result: Preflight) -> str:
    return f"{len(result.failed)} failed" if result.failed else "nothing failed"
