"""A rule from its entry of the index, without importing its file.

An entry has the fields of ``Rule`` as JSON. A condition that rules share is named as
``model.shares_kv``: the module below ``conditions/`` and the name in it. A combined one is its
combinator and its parts. Of a condition that a rule's file defines the entry has the name, the
phrase, and the fact that it reads first. The file is imported once such a condition is tested and
that fact is known, the rule describes what it found, or its cure is applied: for most rules, on
most machines, never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from operator import attrgetter
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .. import conditions
from ..engine import condition
from ..engine.condition import Condition
from ..engine.rule import Applicability, Evidence, Fix, Rule, Scope, Severity
from ..errors import UnknownFact

if TYPE_CHECKING:
    from ..facts import Facts

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
        fields[key] = _conditions(entry.get(key, ()), file)
    return Rule(
        severity=Severity(entry["severity"]),
        evidence=Evidence(entry["evidence"]),
        applicability=Applicability(entry.get("applicability", "display-only")),
        scopes=tuple(_scope(item, file) for item in entry["scopes"]),
        fix=Fix(**entry.get("fix", {})),
        **fields,
    )


def _scope(entry: Mapping[str, Any], file: str) -> Scope:
    return Scope(
        frozenset(entry["model_types"]),
        entry.get("packages", {}),
        when=_conditions(entry.get("when", ()), file),
        by_config=entry.get("by_config", False),
        fixed_in=entry.get("fixed_in"),
    )


def _conditions(entries: Iterable[str | Mapping[str, Any]], file: str) -> tuple[Any, ...]:
    return tuple(_shared(item) if isinstance(item, str) else _made(item, file) for item in entries)


@lru_cache(maxsize=None)  # a few hundred names
def _shared(name: str) -> Any:
    """Return the condition of this name: ``NO`` and ``YES`` are the engine's."""
    topic, _, name = name.rpartition(".")
    return getattr(import_module(f"{conditions.__name__}.{topic}") if topic else condition, name)


def _made(entry: Mapping[str, Any], file: str) -> Condition:
    """Return a condition that rules do not share: the file's own, or one that combines others."""
    if "own" in entry:
        return _own(entry["own"], entry["phrase"], entry.get("reads", ""), file)
    how = next(iter(entry))
    combined: Condition = getattr(condition, how)(
        *_conditions(entry[how], file), phrase=entry["phrase"]
    )
    return combined


def _own(name: str, phrase: str, reads: str, file: str) -> Condition:
    """Return a condition of the rule's file.

    Args:
        reads: the topic of the fact that it reads first; empty where it reads none.
    """

    def test(facts: Facts) -> bool:
        if reads:
            _require(facts, reads)
        answer: bool = getattr(_imported(file), name).test(facts)
        return answer

    return Condition(phrase, test)


def _require(facts: Facts, topic: str) -> None:
    """Raise ``UnknownFact`` as the condition would, if this fact is unknown."""
    area, _, name = topic.partition(".")
    if area == "packages":
        facts.is_installed(name)
    elif not facts.known(area):
        raise UnknownFact(area)
    elif name:
        attrgetter(topic)(facts)


def _function(file: str, name: str) -> Callable[..., Any]:
    """Return ``describe`` or ``patch`` of the rule's file, which is imported by the first call."""
    return lambda *given: getattr(_imported(file), name)(*given)


def _imported(file: str) -> ModuleType:
    return import_module(f"{__package__}.{file}")
