"""What preflight answers: frozen values that print as a table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..errors import PreflightFailed
from ..shown import Shown


class Outcome(Enum):
    """How a check ended. ``WARNING`` is for what may be meant so; it stops nothing."""

    PASS = "pass"
    WARNING = "warning"
    FAIL = "fail"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class CheckResult:
    """The answer to one check.

    Attributes:
        name: the check, ``gradients-agree`` for example.
        outcome: see :class:`Outcome`.
        figure: what was measured, or why it was not, in words.
        tolerance: what the figure was held against; empty where there is none.
        rules: codes of the rules that explain it on this stack; empty where none is known.
        passes: forward-backward passes of the batch that it cost; a forward counts a third.
    """

    name: str
    outcome: Outcome
    figure: str
    tolerance: str = ""
    rules: tuple[str, ...] = ()
    passes: float = 0.0


@dataclass(frozen=True, repr=False)
class Preflight(Shown):
    """All answers, in the order of the checks.

    Attributes:
        model_type: of the model that was tried.
        checks: one answer a check.
    """

    view = "preflight"

    model_type: str
    checks: tuple[CheckResult, ...]

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return not self.failed

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """The checks that failed."""
        return tuple(item for item in self.checks if item.outcome is Outcome.FAIL)

    @property
    def passes(self) -> float:
        """What it cost, in forward-backward passes of the batch."""
        return sum(item.passes for item in self.checks)

    def of(self, name: str) -> CheckResult:
        """The answer to one check. ``KeyError`` where there is no such check."""
        return {item.name: item for item in self.checks}[name]

    def raise_if_failed(self) -> None:
        """Raise :class:`PreflightFailed`, with the whole table, if a check failed."""
        if self.failed:
            raise PreflightFailed(str(self))
