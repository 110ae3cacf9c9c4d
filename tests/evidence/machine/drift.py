"""What a new release changed: the rules whose answer differs from the release before."""

from __future__ import annotations

from dataclasses import dataclass

from gemma_compat import versions

from .cells import pins_of
from .rows import Row


@dataclass(frozen=True)
class Drift:
    """One case whose outcome is not what it was on the release before.

    Attributes:
        before, after: outcome on the older and on the new release; ``-`` where not observed.
        expected: what the rule says of the new release.
    """

    code: str
    model_type: str
    variant: str
    before: str
    after: str
    expected: str


def outcomes(rows: list[Row], package: str, version: str) -> dict[tuple[str, str, str], str]:
    """Unpatched outcomes on one release, by case."""
    return {
        (row.code, row.model_type, row.variant): row.outcome
        for row in rows
        if not row.patched and pins_of(row.environment) == {package: version}
    }


def last_before(rows: list[Row], package: str, version: str) -> str | None:
    """The newest release below ``version`` that has rows."""
    older = {
        pins_of(row.environment)[package]
        for row in rows
        if set(pins_of(row.environment)) == {package}
    }
    below = [v for v in older if versions.parse(v) < versions.parse(version)]
    return versions.newest(below) if below else None


def compare(
    rows: list[Row], package: str, version: str, expected: dict[tuple[str, str, str], str]
) -> list[Drift]:
    """Cases whose outcome changed with ``version``, or is not what the rule says."""
    before_version = last_before(rows, package, version)
    before = outcomes(rows, package, before_version) if before_version else {}
    after = outcomes(rows, package, version)
    return [
        Drift(*case, before.get(case, "-"), outcome, expected.get(case, "-"))
        for case, outcome in sorted(after.items())
        if before.get(case, outcome) != outcome or expected.get(case, outcome) != outcome
    ]
