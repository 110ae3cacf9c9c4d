"""What a rule states, as lines of its golden: a bound or a condition that changes shows there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gemma_compat.engine.rule import Rule, Scope


def stated(rule: Rule) -> str:
    """The section: a line for each thing that the rule states beside its words."""
    return "\n".join(["States:", *(f"  {line}" for line in _lines(rule))])


def _lines(rule: Rule) -> Iterator[str]:
    yield f"{rule.severity.value}, {rule.evidence.value}: {', '.join(rule.effects)}"
    for number, scope in enumerate(rule.scopes, 1):
        yield f"scope {number}: {_scope(scope)}"
    yield from (f"when {condition.phrase}" for condition in rule.when)
    if rule.runs:
        yield "for runs: " + ", ".join(kind.name for kind in rule.runs)
    if rule.undetectable:
        yield f"cannot be seen: {rule.undetectable}"
    if rule.fix.fixed_in:
        yield f"fixed in {_releases(rule.fix.fixed_in)}"
    if rule.patch is not None:
        yield f"cure: {rule.applicability.value}{', before the Trainer' * rule.before_trainer}"
    yield from (f"refused if {condition.phrase}" for condition in rule.refused_if)
    lists: dict[str, Any] = {
        "leaves": rule.leaves,
        "at import of": rule.at_import,
        "yields to": rule.yields_to,
        "after": rule.after,
    }
    yield from (f"{name} {', '.join(items)}" for name, items in lists.items() if items)
    yield from (f"symptom {symptom}" for symptom in rule.symptoms)
    yield from (f"raised at {place}" for place in rule.raised_at)


def _scope(scope: Scope) -> str:
    parts = [", ".join(sorted(scope.model_types))]
    parts += [f"{name} {text}" for name, text in scope.packages.items()]
    parts += [f"when {condition.phrase}" for condition in scope.when]
    parts += ["newer model types by their config"] * scope.by_config
    if scope.fixed_in is not None:
        parts.append(f"fixed in {_releases(scope.fixed_in) or 'none'}")
    return "; ".join(parts)


def _releases(fixed_in: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {release or 'newest'}" for name, release in fixed_in.items())
