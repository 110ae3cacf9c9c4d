"""The report as one JSON document, for programs and for attaching to an issue."""

from __future__ import annotations

from typing import Any

from .._version import SCHEMA_VERSION, __version__
from ..engine.plan import Plan
from ..engine.rule import Diagnosis, Finding, Rule, Undetermined
from .sharing import clean_values, shareable, shareable_facts


def render_diagnosis(diagnosis: Diagnosis, plan: Plan) -> str:
    """Return the document. Plain ASCII, so that no terminal or file encoding can spoil it.

    Fields that are unknown are absent from ``facts``; why is in ``facts.reasons``.
    """
    shown = shareable(diagnosis)
    return dump(
        {
            "facts": shareable_facts(diagnosis.facts),
            "findings": [finding_fields(item) for item in shown.findings],
            "undetermined": [undetermined_fields(item) for item in shown.undetermined],
            "plan": _plan(plan),
            "not_checked": list(shown.not_checked),
        }
    )


def dump(content: dict[str, Any]) -> str:
    """Return ``content`` under the two version fields, cleaned for sharing, ending in a newline."""
    import json

    document = {"schema_version": SCHEMA_VERSION, "tool_version": __version__, **content}
    return json.dumps(clean_values(document), indent=2, allow_nan=False) + "\n"


def finding_fields(finding: Finding) -> dict[str, Any]:
    """Return a finding as the document states it."""
    return {
        **_rule(finding.rule),
        "message": finding.problem.message,
        "help": finding.problem.help,
        "model_types": list(finding.model_types),
    }


def undetermined_fields(item: Undetermined) -> dict[str, Any]:
    """Return an open question as the document states it."""
    return {
        **_rule(item.rule),
        "condition": item.condition,
        "missing": [{"fact": topic, "reason": reason} for topic, reason in item.missing],
        "model_types": list(item.model_types),
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "title": rule.title,
        "applicability": rule.applicability.value,
        "evidence": rule.evidence.value,
        "silent": rule.silent,
        "upstream": list(rule.upstream),
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "patches": [
            {"code": item.rule.code, "preventive": item.preventive} for item in plan.patches
        ],
        "skips": [{"code": item.rule.code, "reason": item.reason} for item in plan.skips],
        "manual": [item.rule.code for item in plan.manual],
    }
