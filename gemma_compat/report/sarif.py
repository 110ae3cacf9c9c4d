"""The report as SARIF 2.1.0 (OASIS), for code scanning: each finding is a result with its line.

What a policy ignores is a result with a suppression, and what could not be decided is a
notification of the run: SARIF's viewers show neither as an alert.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .._version import __version__
from ..engine.gate import Gate, Ignored
from ..engine.place import Place
from ..engine.rule import Diagnosis, Finding, Rule, Severity, Undetermined
from .entries import TOOL, Entry, entries, relative
from .rule_document import url
from .sharing import clean

_OASIS = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os"
SCHEMA = f"{_OASIS}/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "note"}


def render(diagnosis: Diagnosis, gate: Gate) -> str:
    """Return one log with one run."""
    found = entries(diagnosis, gate)
    ignored = [item for item in gate.ignored if isinstance(item.answer, Finding)]
    notifications = _notification_descriptors(diagnosis)
    return _log(found, ignored, _invocation(diagnosis, found), notifications)


def render_entries(found: list[Entry]) -> str:
    """Return one log with one run, whose results are these."""
    return _log(found, [], {"executionSuccessful": True}, [])


def _log(
    found: list[Entry],
    ignored: list[Ignored],
    invocation: dict[str, Any],
    notifications: list[dict[str, Any]],
) -> str:
    descriptors = list(_descriptors(found, ignored))
    index = {item["id"]: number for number, item in enumerate(descriptors)}
    driver: dict[str, Any] = {"name": TOOL, "semanticVersion": __version__, "rules": descriptors}
    if notifications:
        driver["notifications"] = notifications
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "invocations": [invocation],
        "results": [
            *(_result(entry, index[entry.name]) for entry in found),
            *(_suppressed(item, index[item.answer.rule.code]) for item in ignored),
        ],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _descriptors(found: list[Entry], suppressed: list[Ignored]) -> Iterator[dict[str, Any]]:
    """Yield each rule that a result names, once."""
    rules = [item.answer.rule for item in suppressed]
    known = {entry.name: entry for entry in found}
    known_rules = {entry.rule.code: entry.rule for entry in found if entry.rule is not None}
    known_rules |= {rule.code: rule for rule in rules}
    for rule in known_rules.values():
        yield _rule_descriptor(rule)
    for name, entry in known.items():
        if name not in known_rules:
            yield {"id": name, "defaultConfiguration": {"level": _LEVELS[entry.severity]}}


def _rule_descriptor(rule: Rule) -> dict[str, Any]:
    descriptor: dict[str, Any] = {
        "id": rule.code,
        "name": _camel(rule.name),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.docs.strip() or rule.title},
        "help": {"text": rule.docs.strip() or rule.title, "markdown": rule.docs.strip()},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": ["gemma", rule.family or "other", *rule.effects],
            "evidence": rule.evidence.value,
        },
    }
    if rule.upstream:
        descriptor["helpUri"] = url(rule.upstream[0])
    return descriptor


def _camel(name: str) -> str:
    """Return ``HybridcacheWithoutFloat``: viewers expect a name without dashes."""
    return "".join(part.capitalize() for part in name.split("-"))


def _result(entry: Entry, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": entry.name,
        "ruleIndex": index,
        "level": _LEVELS[entry.severity],
        "message": {"text": entry.text},
        "partialFingerprints": {"gemmaCompat/v1": _fingerprint(entry)},
    }
    if entry.places:
        result["locations"] = [_location(entry.places[0])]
    if entry.places[1:]:
        result["relatedLocations"] = [_location(place) for place in entry.places[1:]]
    return result


def _suppressed(item: Ignored, index: int) -> dict[str, Any]:
    assert isinstance(item.answer, Finding)
    until = f" (until {item.expires})" if item.expires else ""
    return {
        "ruleId": item.answer.rule.code,
        "ruleIndex": index,
        "level": _LEVELS[item.answer.rule.severity],
        "message": {"text": clean(item.answer.problem.message)},
        "suppressions": [{"kind": "external", "justification": clean(item.reason) + until}],
    }


def _fingerprint(entry: Entry) -> str:
    """Return the same text for the same finding while lines move and releases change."""
    from hashlib import blake2b

    place = relative(entry.places[0]) if entry.places else ""
    parts = "\0".join((entry.name, place, *entry.model_types))
    return blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _location(place: Place) -> dict[str, Any]:
    from urllib.parse import quote

    where: dict[str, Any] = {"artifactLocation": {"uri": quote(relative(place))}}
    if place.line is not None:
        where["region"] = {"startLine": place.line}
    return {"physicalLocation": where}


def _invocation(diagnosis: Diagnosis, found: list[Entry]) -> dict[str, Any]:
    notes = [_notification(item) for item in diagnosis.undetermined]
    notes += [{"level": "note", "message": {"text": clean(t)}} for t in diagnosis.not_checked]
    judged = not any(entry.name == "no-diagnosis" for entry in found)
    return {"executionSuccessful": judged, "toolExecutionNotifications": notes}


def _notification(item: Undetermined) -> dict[str, Any]:
    missing = ", ".join(topic for topic, _ in item.missing)
    text = f"{item.rule.code} is not decided: unknown {missing}; it fires if {item.condition}"
    return {"level": "note", "message": {"text": clean(text)}, "descriptor": {"id": item.rule.code}}


def _notification_descriptors(diagnosis: Diagnosis) -> list[dict[str, Any]]:
    rules = {item.rule.code: item.rule for item in diagnosis.undetermined}
    return [{"id": code, "name": _camel(rule.name)} for code, rule in rules.items()]
