"""A rule from its entry of the index, without importing its file.

An entry has the fields of ``Rule`` as JSON. A condition that rules share is named as
``model.shares_kv``: the module below ``conditions/`` and the name in it. Of a rule's own condition
the entry has the phrase alone. Its file is imported once such a condition is tested, the rule
describes what it found, or its cure is applied: for most rules, on most machines, never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from operator import attrgetter
from types import ModuleType
from typing import Any

from .. import conditions
from ..engine.condition import Condition
from ..engine.rule import Applicability, Evidence, Fix, Rule, Scope, Severity

AS_THEY_ARE = (
    "code", "since", "before_trainer", "undetectable", "breaks", "name", "family", "docs",
)  # fmt: skip
LISTS = (
    "effects", "read_in", "at_import", "leaves", "yields_to", "after", "symptoms", "raised_at",
    "reports", "fixed_by",
)  # fmt: skip
FUNCTIONS = ("describe", "patch")
# What the front matter of a Markdown rule may state; its name, family and page are the file's.
OF_PAGES = {
    *("code", "since", "severity", "evidence", "effects", "scopes", "when", "runs", "fix"),
    *("undetectable", "breaks", "read_in", "symptoms", "raised_at", "reports", "fixed_by"),
    *("name", "family", "docs"),
}


def rule_of(entry: Mapping[str, Any]) -> Rule:
    """Return the rule of one entry. ``KeyError`` or ``AttributeError`` where a name is unknown."""
    file = f"{entry['family']}.{entry['name'].replace('-', '_')}"
    fields: dict[str, Any] = {key: entry[key] for key in AS_THEY_ARE if key in entry}
    fields |= {key: tuple(entry[key]) for key in LISTS if key in entry}
    fields |= {key: _function(file, key) for key in entry.get("functions", ())}
    for key in ("when", "runs", "refused_if"):
        fields[key] = _conditions(entry.get(key, ()), file, attrgetter(key))
    return Rule(
        severity=Severity(entry["severity"]),
        evidence=Evidence(entry["evidence"]),
        applicability=Applicability(entry.get("applicability", "display-only")),
        scopes=tuple(_scope(item, file, n) for n, item in enumerate(entry["scopes"])),
        fix=Fix(**entry.get("fix", {})),
        **fields,
    )


def _scope(entry: Mapping[str, Any], file: str, number: int) -> Scope:
    when = _conditions(entry.get("when", ()), file, lambda rule: rule.scopes[number].when)
    return Scope(
        frozenset(entry["model_types"]),
        entry.get("packages", {}),
        when=when,
        by_config=entry.get("by_config", False),
        fixed_in=entry.get("fixed_in"),
    )


def _conditions(
    entries: Iterable[str | Mapping[str, str]], file: str, among: Callable[[Rule], Any]
) -> tuple[Any, ...]:
    """Return the conditions: shared ones by name, the rule's own by their place ``among`` them."""
    return tuple(
        _shared(item) if isinstance(item, str) else _own(item["own"], file, among, number)
        for number, item in enumerate(entries)
    )


@lru_cache(maxsize=None)  # a few hundred names
def _shared(name: str) -> Any:
    topic, _, name = name.partition(".")
    return getattr(import_module(f"{conditions.__name__}.{topic}"), name)


def _own(phrase: str, file: str, among: Callable[[Rule], Any], number: int) -> Condition:
    """Return a condition of the rule's file, which is imported when it is first tested."""
    return Condition(phrase, lambda facts: among(_imported(file).RULE)[number].test(facts))


def _function(file: str, name: str) -> Callable[..., Any]:
    """Return ``describe`` or ``patch`` of the rule's file, which is imported by the first call."""
    return lambda *given: getattr(_imported(file), name)(*given)


def _imported(file: str) -> ModuleType:
    return import_module(f"{__package__}.{file}")
