"""Short ways to return a result. The caller fills in the name of the check."""

from __future__ import annotations

from ..result import CheckResult, Outcome


def passed(figure: str, tolerance: str = "", *, where: str = "") -> CheckResult:
    return CheckResult("", Outcome.PASS, figure, tolerance, where=where)


def failed(
    figure: str,
    tolerance: str = "",
    *,
    rules: tuple[str, ...] = (),
    where: str = "",
    help: str = "",
) -> CheckResult:
    return CheckResult("", Outcome.FAIL, figure, tolerance, rules, where=where, help=help)


def warned(figure: str, tolerance: str = "", *, where: str = "", help: str = "") -> CheckResult:
    return CheckResult("", Outcome.WARNING, figure, tolerance, where=where, help=help)


def not_run(reason: str) -> CheckResult:
    return CheckResult("", Outcome.NOT_RUN, reason)


def first_line(error: BaseException) -> str:
    """Return ``ValueError: ...`` on one line, short enough for a table."""
    lines = str(error).strip().splitlines() or [""]
    text = f"{type(error).__name__}: {lines[0]}"
    return text if len(text) <= 200 else text[:197] + "..."


def count(number: int, noun: str) -> str:
    """Return ``1 row`` or ``3 rows``."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
