"""What was run to prove the rules: read from ``data/evidence.json``, on first use.

The file is folded from the rows beside each rule's test by ``make evidence``; a test compares.
A rule without an entry has no evidence here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from .. import versions
from ..data import read_bytes
from ..facts import Facts
from .rule import Rule

SEEN_BROKEN, SEEN_WORKING, SEEN_CURED = "broken", "working", "cured"


@lru_cache(maxsize=1)
def _rules() -> dict[str, Any]:
    import json

    rules: dict[str, Any] = json.loads(read_bytes("evidence.json"))["rules"]
    return rules


def record(code: str) -> dict[str, Any]:
    """Return the releases that this rule was run on, by package, model type and outcome."""
    found: dict[str, Any] = _rules().get(code, {})
    return found


def seen(code: str, package: str, model_type: str, version: str) -> str | None:
    """Return ``broken`` or ``working`` where this very case was run without the cure, else
    ``None``.
    """
    place = _rules().get(code, {}).get(package, {}).get(model_type, {})
    for outcome in (SEEN_BROKEN, SEEN_WORKING):
        if version in place.get(outcome, ()):
            return outcome
    return None


def observed_versions(package: str) -> list[str]:
    """Return every release of ``package`` that any rule was run on, oldest first."""
    found = {
        version
        for folded in _rules().values()
        for place in folded.get(package, {}).values()
        for outcome in (SEEN_BROKEN, SEEN_WORKING)
        for version in place.get(outcome, ())
    }
    return sorted(found, key=versions.order)


@lru_cache(maxsize=1024)
def checked_through(rule: Rule, package: str) -> str | None:
    """Return the newest release of ``package`` that this rule was run on; ``None`` if never."""
    places = _rules().get(rule.code, {}).get(package, {}).values()
    found = [
        version
        for place in places
        for outcome in (SEEN_BROKEN, SEEN_WORKING)
        for version in place.get(outcome, ())
    ]
    return versions.newest(found) if found else None


def beyond(rule: Rule, package: str, version: str) -> str | None:
    """Return the ``checked_through`` that ``version`` lies past, or ``None`` where it does not."""
    last = checked_through(rule, package)
    if last is None or not versions.is_valid(version):
        return None
    return last if versions.is_newer(version, last) else None


def passed_by(facts: Facts, rules: Iterable[Rule]) -> Iterator[str]:
    """Yield a line for each package newer than the newest release that its rules were run on."""
    past: dict[tuple[str, str, str], list[str]] = {}
    for rule in {rule.code: rule for rule in rules}.values():
        for name in _packages_of(rule):
            package = facts.packages.get(name)
            version = package.get("version") if package else None
            last = beyond(rule, name, version) if version else None
            if version and last:
                past.setdefault((name, version, last), []).append(rule.code)
    for (name, version, last), codes in past.items():
        yield f"not verified on {name} {version}: {', '.join(codes)} ran up to {last}"


@lru_cache(maxsize=1024)
def _packages_of(rule: Rule) -> list[str]:
    """Return the packages whose releases the rule's scopes name, sorted."""
    return sorted({name for packages in rule.packages for name in packages})
