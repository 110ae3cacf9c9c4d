"""Short ways to return a result. The caller fills in the name of the check."""

from __future__ import annotations

from ..result import CheckResult, Outcome

# Reasons that several checks give, so that a report can name these checks together.
NO_TOKENIZER = "needs the tokenizer"
NO_TRAINER = "needs a Trainer"
NO_ARGUMENTS = "needs the training arguments"
NO_LOSS = "the training step gives no finite loss"
NO_STEP = "the training step does not run"
NO_ANSWERS = "no row masks a prompt and trains an answer"
NOT_TOKENS = "the loss of this run is not over tokens"
NO_ROWS = "the batch holds no ids"


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
    """Return that a check could not be made, although the run has what it looks at."""
    return CheckResult("", Outcome.NOT_RUN, reason)


def does_not_apply(reason: str) -> CheckResult:
    """Return that the run has nothing that this check looks at."""
    return CheckResult("", Outcome.NOT_RUN, reason, applies=False)


def first_line(error: BaseException) -> str:
    """Return ``ValueError: ...`` on one line, short enough for a table."""
    lines = str(error).strip().splitlines() or [""]
    text = f"{type(error).__name__}: {lines[0]}"
    return text if len(text) <= 200 else text[:197] + "..."


def count(number: int, noun: str) -> str:
    """Return ``1 row`` or ``3 rows``."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
