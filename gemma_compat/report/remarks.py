"""What stands at the end of a report: the policy, what it ignores, and findings of no rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..engine.gate import Gate, Ignored, Remark
from .sharing import clean, clean_values
from .wording import printable, wrap


def appended(report: str, form: str, gate: Gate) -> str:
    """Return the report with the policy, the remarks and the plugins.

    Args:
        form: ``text``, ``markdown`` or ``json``.
    """
    if form == "json":
        import json

        document = {**json.loads(report), **clean_values(_fields(gate))}
        return json.dumps(document, indent=2, allow_nan=False) + "\n"
    if form == "markdown":
        lines = [f"- {clean(line)}" for line in _lines(gate)]
        return report + ("\n" + "\n".join(lines) + "\n" if lines else "")
    wrapped = [part for line in _lines(gate) for part in wrap(line, first="", rest="  ")]
    return report + printable("\n" + "\n".join(wrapped) + "\n" if wrapped else "")


def _lines(gate: Gate) -> Iterator[str]:
    for remark in gate.remarks:
        yield _remark(remark)
    if gate.policy:
        yield f"Policy: {gate.policy}" + ("" if gate.ignored else ", nothing ignored")
    for item in gate.ignored:
        yield f"Ignored: {_ignored(item)}"
    for plugin in gate.plugins:
        yield f"Plugin: {plugin}"


def _remark(remark: Remark) -> str:
    help_text = f"; {remark.help}" if remark.help else ""
    return f"{remark.severity.value} {remark.name}: {remark.message}{help_text}"


def _ignored(item: Ignored) -> str:
    until = f" until {item.expires}" if item.expires else ""
    return f"{item.answer.rule.code} {item.answer.rule.name}{until}: {item.reason}"


def _fields(gate: Gate) -> dict[str, Any]:
    return {
        "remarks": [
            {
                "name": item.name,
                "severity": item.severity.value,
                "message": item.message,
                "help": item.help,
            }
            for item in gate.remarks
        ],
        "policy": gate.policy or None,
        "ignored": [
            {
                "code": item.answer.rule.code,
                "reason": item.reason,
                "expires": item.expires or None,
            }
            for item in gate.ignored
        ],
        "plugins": list(gate.plugins),
    }
