"""The report as one JSON document, for programs and for attaching to an issue."""

from __future__ import annotations

from json.encoder import JSONEncoder, encode_basestring_ascii
from typing import TYPE_CHECKING, Any

from .._version import SCHEMA_VERSION, __version__
from .sharing import clean_values, shareable, shareable_facts

if TYPE_CHECKING:
    from ..engine.plan import Plan
    from ..engine.rule import Diagnosis, Finding, Rule, Undetermined


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
    document = {"schema_version": SCHEMA_VERSION, "tool_version": __version__, **content}
    return indented(clean_values(document)) + "\n"


def indented(value: Any, margin: str = "\n") -> str:
    """Return what ``json.dumps(value, indent=2, allow_nan=False)`` does, in half its time.

    The encoder of ``json`` runs in C only without ``indent``; here it has the values alone.

    Args:
        value: a JSON value whose keys are texts.
        margin: a line feed and the blanks before the value.
    """
    if isinstance(value, (dict, list, tuple)) and value:
        inner = f"{margin}  "
        of_a_dict = isinstance(value, dict)
        items = [  # most are texts: no call is made for them
            _text(item) if isinstance(item, str) else indented(item, inner)
            for item in (value.values() if isinstance(value, dict) else value)
        ]
        if of_a_dict:
            items = [f"{_text(key)}: {item}" for key, item in zip(value, items, strict=True)]
        opening, closing = "{}" if of_a_dict else "[]"
        return f"{opening}{inner}{f',{inner}'.join(items)}{margin}{closing}"
    return "null" if value is None else _encoded(value)


_text = encode_basestring_ascii
_encoded = JSONEncoder(allow_nan=False).encode


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
