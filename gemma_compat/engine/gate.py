"""What a report states beside the answers of the rules, as values: files, lines, other findings."""

from __future__ import annotations

from collections.abc import Mapping

from ..values import Value
from .place import Place
from .rule import Finding, Rule, Severity, Undetermined


class Remark(Value):
    """A finding that no rule makes: an expired ignore, an import that failed, a drift.

    Attributes:
        name: its kind, which has no code: ``ignore-expired``.
        severity: as of a rule; it counts for ``--fail-on``.
        message: what is wrong.
        help: what to type.
        place: where it is stated.
    """

    name: str
    severity: Severity
    message: str
    help: str = ""
    place: Place | None = None


class Ignored(Value):
    """An answer that the policy leaves out.

    Attributes:
        answer: what the rule said.
        reason: why it is ignored, in the words of the policy.
        expires: the last day of it, ``2027-01-31``; empty for none.
    """

    answer: Finding | Undetermined
    reason: str
    expires: str = ""


class Gate(Value):
    """What a report for a machine needs beside the diagnosis.

    Attributes:
        rules: every rule that was asked.
        fail_on: ``error``, ``warning`` or ``never``.
        remarks: the findings that no rule makes.
        policy: the policy file that was used; empty for none.
        ignored: what the policy leaves out.
        pins: distribution to the line that states its version.
        files: ``model`` and ``training`` to the file that states them.
        plugins: one line for each package of other people's rules.
    """

    rules: tuple[Rule, ...] = ()
    fail_on: str = "error"
    remarks: tuple[Remark, ...] = ()
    policy: str = ""
    ignored: tuple[Ignored, ...] = ()
    pins: Mapping[str, Place] = {}
    files: Mapping[str, Place] = {}
    plugins: tuple[str, ...] = ()

    def reaches(self, severity: Severity) -> bool:
        """Return whether a finding of this severity fails the command."""
        return self.fail_on != "never" and severity.rank <= Severity(self.fail_on).rank
