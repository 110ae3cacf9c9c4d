"""What other people's rules keep, so that a report can trust their shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .. import versions
from ..engine.condition import Condition, RunKind
from ..engine.effects import EFFECTS
from ..engine.rule import Applicability, Evidence, Rule, Scope, Severity
from ..tables import families

OURS = "GC"
OUR_RULES = "gemma-compat-rules"  # newer rules of this project, without a release of the library
_CODE = re.compile(r"(?P<prefix>[A-Z]{2,12}?)[0-9]{3,4}")
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
_REFERENCE = re.compile(r"[\w.-]+/[\w.-]+#\d+")


def problems(rule: Any, package: str, taken: Mapping[str, str]) -> list[str]:
    """Return what is wrong with a rule, one line for each; empty where it keeps the contract.

    Args:
        rule: what the module holds.
        package: the distribution that it comes from.
        taken: the codes and names of the rules that are there, each with its code.
    """
    if not isinstance(rule, Rule):
        return [f"a {type(rule).__name__} in the place of a gemma_compat.engine.rule.Rule"]
    found = [*_identity(rule, package, taken)]
    return found or [*_fields(rule), *_scopes(rule), *_texts(rule)]


def _identity(rule: Rule, package: str, taken: Mapping[str, str]) -> Iterator[str]:
    match = _CODE.fullmatch(rule.code) if isinstance(rule.code, str) else None
    if match is None:
        yield f"code {rule.code!r}: expected capitals and three or four digits, as in ACME101"
        return
    replaces = package == OUR_RULES
    if match["prefix"] == OURS and not replaces:
        yield f"code {rule.code}: the prefix GC is gemma_compat's; take your own, as in ACME101"
    if rule.code in taken and not replaces:
        yield f"code {rule.code}: another rule has it"
    if not isinstance(rule.name, str) or not _NAME.fullmatch(rule.name):
        yield f"{rule.code}: name {rule.name!r}: expected words with dashes that state the defect"
    elif taken.get(rule.name, rule.code) != rule.code:
        yield f"{rule.code}: {taken[rule.name]} is called {rule.name} already"


def _fields(rule: Rule) -> Iterator[str]:
    kinds = {"severity": Severity, "applicability": Applicability, "evidence": Evidence}
    for name, kind in kinds.items():
        if not isinstance(getattr(rule, name), kind):
            yield f"{name}: expected a {kind.__name__}"
    if not rule.effects or not set(rule.effects) <= set(EFFECTS):
        yield f"effects: expected some of {', '.join(EFFECTS)}"
    if not all(isinstance(item, Condition) for item in (*rule.when, *rule.refused_if)):
        yield "when, refused_if: expected conditions"
    if not all(isinstance(item, RunKind) for item in rule.runs):
        yield "runs: expected kinds of run, from gemma_compat.conditions.run"
    if (rule.patch is None) is not (rule.applicability is Applicability.DISPLAY_ONLY):
        yield "patch: a cure that is safe or unsafe, or none that is display-only"
    if rule.describe is None and not rule.breaks and not rule.undetectable:
        yield "describe or breaks: one of them says what happens"


def _scopes(rule: Rule) -> Iterator[str]:
    if not rule.scopes and not rule.undetectable:
        yield "scopes: expected one at least"
    for scope in rule.scopes:
        if not isinstance(scope, Scope):
            yield "scopes: expected Scope"
            continue
        unknown = set(scope.model_types) - families.KNOWN_MODEL_TYPES.keys()
        if unknown or not scope.model_types:
            yield f"model_types: no Gemma is called {', '.join(sorted(unknown)) or 'so'}"
        if not (scope.packages or scope.when or rule.when):
            yield "a scope without packages and conditions would fire for every run"
        if not all(isinstance(item, Condition) for item in scope.when):
            yield "scopes: when: expected conditions"
        yield from _specifiers(scope)


def _specifiers(scope: Scope) -> Iterator[str]:
    for name, text in scope.packages.items():
        try:
            versions.specifier(text)
        except ValueError as error:
            yield f"packages: {name} {text!r}: {error}"


def _texts(rule: Rule) -> Iterator[str]:
    if not rule.docs.strip() or len(rule.title) > 100:
        yield "docs: expected a page that begins with one line of at most 100 characters"
    for pattern in rule.symptoms:
        try:
            if re.compile(pattern).search(""):
                yield f"symptoms: {pattern!r} is found in every log"
        except re.error as error:
            yield f"symptoms: {pattern!r}: {error}"
    for text in rule.upstream:
        if not _REFERENCE.fullmatch(text):
            yield f"references: expected owner/repository#number, not {text!r}"
    if rule.evidence is Evidence.SOURCE and not rule.read_in:
        yield "read_in: where the source was read"
