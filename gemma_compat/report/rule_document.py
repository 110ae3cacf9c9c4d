"""A rule as data for other programs: shaped after OSV, described by ``docs/schema``.

Where OSV has one package an entry, a failure here may need several releases together, so an entry
of ``affected`` is one scope: model types, and all of its packages with their intervals.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..engine import evidence
from ..engine.rule import Rule, Scope

FROM_THE_BEGINNING = "0"  # as OSV writes it
_GITHUB = "https://github.com/"


def rules_json(rules: Iterable[Rule]) -> str:
    """Return all rules as one JSON document."""
    from .json import dump

    return dump({"rules": [document(rule) for rule in rules]})


def rule_json(rule: Rule) -> str:
    """Return one rule as a JSON document."""
    from .json import dump

    return dump({"rule": document(rule)})


def document(rule: Rule) -> dict[str, Any]:
    """Return the fields of one rule, as the schema names them."""
    return {
        "code": rule.code,
        "name": rule.name,
        "family": rule.family,
        "title": rule.title,
        "severity": rule.severity.value,
        "effects": list(rule.effects),
        "silent": rule.silent,
        "since": rule.since,
        "affected": [_affected(scope) for scope in rule.scopes],
        "conditions": [item.phrase for item in rule.when],
        "runs": [kind.name for kind in rule.runs],
        "undetectable": rule.undetectable or None,
        "fix": _fix(rule),
        "cure": _cure(rule),
        "symptoms": list(rule.symptoms),
        "raised_at": list(rule.raised_at),
        "evidence": {
            "kind": rule.evidence.value,
            "read_in": list(rule.read_in),
            "seen": evidence.record(rule.code),
        },
        "references": _references("report", rule.reports) + _references("fix", rule.fixed_by),
        "details": rule.docs.strip(),
    }


def _affected(scope: Scope) -> dict[str, Any]:
    return {
        "model_types": sorted(scope.model_types),
        "newer_model_types": scope.by_config,
        "packages": [interval(name, text) for name, text in scope.packages.items()],
        "conditions": [item.phrase for item in scope.when],
        "fixed_in": None if scope.fixed_in is None else dict(scope.fixed_in),
    }


def interval(name: str, specifier: str) -> dict[str, str | None]:
    """Return the first release with the failure, the first without it, or the last with it.

    ``fixed`` and ``last_affected`` are ``None`` where the failure is in every newer release.
    """
    parts = dict(map(_part, specifier.split(",")))
    exact = parts.get("==")
    return {
        "name": name,
        "specifier": specifier,
        "introduced": exact or parts.get(">=", FROM_THE_BEGINNING),
        "fixed": parts.get("<"),
        "last_affected": exact,
    }


def _part(text: str) -> tuple[str, str]:
    operator = text[:2] if text[1:2] == "=" else text[:1]
    return operator, text[len(operator) :]


def _fix(rule: Rule) -> dict[str, Any]:
    fix = rule.fix
    return {
        "fixed_in": dict(fix.fixed_in),
        "setting": fix.setting or None,
        "then": fix.then or None,
    }


def _cure(rule: Rule) -> dict[str, Any] | None:
    """Return what the library does about it; ``None`` where only the user can."""
    if rule.patch is None:
        return None
    return {
        "applicability": rule.applicability.value,
        "at_import": list(rule.at_import),
        "refused_if": [item.phrase for item in rule.refused_if],
        "before_trainer": rule.before_trainer,
        "yields_to": list(rule.yields_to),
        "after": list(rule.after),
    }


def _references(kind: str, references: Iterable[str]) -> list[dict[str, str]]:
    return [{"type": kind, "url": url(text)} for text in references]


def url(reference: str) -> str:
    """Return the URL of ``owner/repo#number``; GitHub redirects an issue to a pull request."""
    repository, _, number = reference.partition("#")
    return f"{_GITHUB}{repository}/issues/{number}"
