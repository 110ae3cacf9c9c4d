"""A rule from the front matter of a Markdown file.

The file begins with TOML between two lines of ``+++``; its keys are fields of ``Rule``. Conditions
are named as ``model.shares_kv``: the module below ``conditions/`` and the name in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from .. import conditions
from ..engine.rule import Evidence, Fix, Rule, Scope, Severity

_AS_THEY_ARE = ("code", "since", "undetectable", "breaks", "name", "family", "docs")
_LISTS = ("effects", "read_in", "symptoms", "raised_at", "reports", "fixed_by")
KEYS = {*_AS_THEY_ARE, *_LISTS, "severity", "evidence", "scopes", "when", "runs", "fix"}


def rule_of(page: Mapping[str, Any]) -> Rule:
    """Return the rule of one page. ``KeyError`` or ``AttributeError`` where a name is unknown."""
    if not page.keys() <= KEYS:
        raise KeyError(f"{page.get('code')}: no such field: {sorted(page.keys() - KEYS)}")
    fields: dict[str, Any] = {key: page[key] for key in _AS_THEY_ARE if key in page}
    fields |= {key: tuple(page[key]) for key in _LISTS if key in page}
    return Rule(
        severity=Severity(page["severity"]),
        evidence=Evidence(page["evidence"]),
        scopes=tuple(map(_scope, page["scopes"])),
        when=_named(page.get("when", ())),
        runs=_named(page.get("runs", ())),
        fix=Fix(**page.get("fix", {})),
        **fields,
    )


def _scope(entry: Mapping[str, Any]) -> Scope:
    return Scope(
        frozenset(entry["model_types"]),
        entry.get("packages", {}),
        when=_named(entry.get("when", ())),
        by_config=entry.get("by_config", False),
        fixed_in=entry.get("fixed_in"),
    )


def _named(names: Iterable[str]) -> tuple[Any, ...]:
    """Return the conditions of these names."""
    return tuple(
        getattr(import_module(f"{conditions.__name__}.{topic}"), name)
        for topic, _, name in (item.partition(".") for item in names)
    )
