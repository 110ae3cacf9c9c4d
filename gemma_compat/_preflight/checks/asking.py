"""Make every check once, except those to skip and those that an earlier failure settles."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import UsageError
from ..result import CheckResult, Outcome, Preflight
from ..subject import GENERATED, UNREAD
from . import Check, all_checks

if TYPE_CHECKING:
    from ...engine.effects import Effect
    from ...engine.rule import Diagnosis
    from ..subject import Subject

Progress = Callable[[str, int, int], None]


def checked_names(names: Iterable[str]) -> frozenset[str]:
    """Return the names as a set. ``UsageError`` for a name that no check has."""
    given = frozenset([names] if isinstance(names, str) else names)
    known = {check.name for check in all_checks()}
    for name in sorted(given - known):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        hint = f"the nearest is {near[0]}" if near else f"there are {', '.join(sorted(known))}"
        raise UsageError(f"no check is called {name!r}; {hint}")
    return given


def run_checks(
    subject: Subject, diagnosis: Diagnosis, skip: frozenset[str], progress: Progress | None = None
) -> Preflight:
    """Run every check once, except those to skip and those that an earlier failure settles."""
    subject.kept["diagnosis"] = diagnosis
    results: list[CheckResult] = []
    settled: dict[str, str] = {}
    checks = list(all_checks())
    for index, check in enumerate(checks):
        if progress is not None:
            progress(check.name, index, len(checks))
        found = _one(subject, diagnosis, check, skip, settled)
        results.append(found)
        if found.outcome is Outcome.FAIL:
            for name in check.settles:
                settled.setdefault(name, check.name)
    model_type = diagnosis.facts.model.get("model_type") or type(subject.base).__name__
    return Preflight(str(model_type), tuple(results))


def _one(
    subject: Subject,
    diagnosis: Diagnosis,
    check: Check,
    skip: frozenset[str],
    settled: dict[str, str],
) -> CheckResult:
    reason = ""
    if check.name in skip:
        reason = "skipped, as you asked"
    elif check.name in settled:
        reason = f"follows from {settled[check.name]}"
    elif subject.objective == UNREAD and not check.generated:
        reason = "follows from data-loads"
    elif subject.objective == GENERATED and not check.generated:
        reason = "the Trainer generates the rows that it trains on"
    if reason:
        return CheckResult(check.name, Outcome.NOT_RUN, reason)
    before = subject.passes
    found = check.run(subject)
    rules = found.rules or _rules(diagnosis, check.effects, found)
    return replace(found, name=check.name, rules=rules, passes=subject.passes - before)


def _rules(
    diagnosis: Diagnosis, effects: tuple[Effect, ...], found: CheckResult
) -> tuple[str, ...]:
    """Return the rules with these effects that fire on this stack; none for a check that passed."""
    if found.outcome in (Outcome.PASS, Outcome.NOT_RUN):
        return ()
    fired = [item.rule for item in diagnosis.findings]
    return tuple(dict.fromkeys(rule.code for rule in fired if set(rule.effects) & set(effects)))
