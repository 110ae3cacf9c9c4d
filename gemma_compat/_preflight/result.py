"""The results of preflight: frozen values that print as a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from ..errors import PreflightFailed
from ..shown import Shown


class Outcome(Enum):
    """How a check ended. ``WARNING`` is for what may be intended; it does not stop a run.

    Of a check that was not run, ``CheckResult.applies`` tells whether anything is unknown by it.
    """

    PASS = "pass"
    WARNING = "warning"
    FAIL = "fail"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class CheckResult:
    """The result of one check.

    Attributes:
        name: the check, such as ``gradients-agree``.
        outcome: see :class:`Outcome`.
        figure: what was found, or why the check was not run, as a plain sentence.
        tolerance: what the figure was compared with; empty if there is nothing to compare.
        rules: codes of the rules that explain it on this stack; empty if none is known.
        passes: forward-backward passes of the batch that it cost; a forward counts a third.
        where: the row and token where it was found, with the text around it; empty if unknown.
        help: what to change or type; empty if nothing is known to help.
        applies: whether the run has what the check looks at. ``False`` only for a check that was
            not run, such as one of adapters on a model without any.
    """

    name: str
    outcome: Outcome
    figure: str
    tolerance: str = ""
    rules: tuple[str, ...] = ()
    passes: float = 0.0
    where: str = ""
    help: str = ""
    applies: bool = True

    @property
    def is_unknown(self) -> bool:
        """Return whether this is not known: the check was not run, and may have found something."""
        return self.outcome is Outcome.NOT_RUN and self.applies

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for ``json.dumps``, without empty fields."""
        found = {
            "name": self.name,
            "outcome": self.outcome.value,
            "figure": self.figure,
            "tolerance": self.tolerance,
            "rules": list(self.rules),
            "passes": round(self.passes, 3),
            "where": self.where,
            "help": self.help,
            "applies": "" if self.applies else False,
        }
        return {key: value for key, value in found.items() if value not in ("", [])}


@dataclass(frozen=True, repr=False)
class Preflight(Shown):
    """The results of all checks, in order; prints as a table.

    Attributes:
        model_type: of the model that was tried.
        checks: one result for each check.
        verbose: whether it prints every check with its figure or reason. By default it prints
            what failed, what warns and what was measured, and of the other checks their names.
    """

    view = "preflight"

    model_type: str
    checks: tuple[CheckResult, ...]
    verbose: bool = False

    @property
    def ok(self) -> bool:
        """Return whether no check failed."""
        return not self.failed

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """Return the checks that failed."""
        return tuple(item for item in self.checks if item.outcome is Outcome.FAIL)

    @property
    def warned(self) -> tuple[CheckResult, ...]:
        """Return the checks that warn."""
        return tuple(item for item in self.checks if item.outcome is Outcome.WARNING)

    @property
    def unknown(self) -> tuple[CheckResult, ...]:
        """Return the checks that could not be made, although the run has what they look at."""
        return tuple(item for item in self.checks if item.is_unknown)

    @property
    def passes(self) -> float:
        """Return what it cost, in forward-backward passes of the batch."""
        return sum(item.passes for item in self.checks)

    def of(self, name: str) -> CheckResult:
        """Return the result of the check ``name``. ``KeyError`` if there is no such check."""
        return {item.name: item for item in self.checks}[name]

    def table(self) -> str:
        """Return every check with its figure or reason, as text."""
        return str(replace(self, verbose=True))

    def raise_if_failed(self) -> None:
        """Raise :class:`PreflightFailed`, with the whole table, if a check failed."""
        if self.failed:
            raise PreflightFailed(str(self))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for ``json.dumps``."""
        return {
            "schema": 1,
            "model_type": self.model_type,
            "ok": self.ok,
            "failed": [item.name for item in self.failed],
            "warned": [item.name for item in self.warned],
            "unknown": [item.name for item in self.unknown],
            "passes": round(self.passes, 2),
            "checks": [item.to_dict() for item in self.checks],
        }
