"""The matrix of model types and releases, derived from the rules' scopes and the evidence. Pure.

Neighbouring releases with the same answers are one column, so fifty releases stay readable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .. import versions
from ..errors import UsageError
from ..tables import families
from ..values import Value
from . import evidence
from .rule import Evidence, Rule, Scope, Severity

_UNSLOTH = {"unsloth", "unsloth-zoo"}
RAN, DERIVED, SOURCE, REPORTED = "ran", "derived", "source", "reported"


class Entry(Value):
    """One rule in one cell.

    Attributes:
        code, severity: of the rule.
        strength: ``ran`` (this case was run and seen broken), ``derived`` (the rule's bounds were
            run, this very case was not), ``source`` or ``reported``.
    """

    code: str
    severity: Severity
    strength: str


class Column(Value):
    """Neighbouring releases with equal answers, both ends included."""

    first: str
    last: str

    @property
    def label(self) -> str:
        return self.first if self.first == self.last else f"{self.first} - {self.last}"


class Matrix(Value):
    """Cells by model type and column; ``None`` where the release has no such model type."""

    package: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[tuple[Entry, ...] | None, ...]], ...]


def make_matrix(
    rules: Iterable[Rule], package: str = "transformers", model_type: str | None = None
) -> Matrix:
    """Return the matrix over every release of ``package`` that was run.

    Raises:
        UsageError: an unknown package or model type, with the nearest names.
    """
    rules = tuple(rules)
    releases = _releases(rules, package)
    model_types = _model_types(rules, model_type)
    cells: dict[tuple[str, str], tuple[Rule, ...] | None] = {}
    inside = _inside(rules, package, releases)
    for name in model_types:
        about = _about(rules, name, inside)
        cells |= {(name, version): _cell(about, package, name, version) for version in releases}
    columns = _collapse(releases, lambda v: [_shape(cells[name, v]) for name in model_types])
    rows = tuple(
        (name, tuple(_entries(cells[name, group[0]], package, name, group) for group in columns))
        for name in model_types
    )
    return Matrix(package, tuple(Column(group[0], group[-1]) for group in columns), rows)


def _releases(rules: tuple[Rule, ...], package: str) -> list[str]:
    known = {name for rule in rules for scope in rule.scopes for name in scope.packages}
    releases = evidence.observed_versions(package)
    if package not in known or not releases:
        ran = sorted(name for name in known if evidence.observed_versions(name))
        near = _nearest(package, ran, cutoff=0.6)
        raise UsageError(
            f"no rule was run on releases of {package!r}; a matrix exists for {', '.join(near)}"
        )
    return releases


def _model_types(rules: tuple[Rule, ...], wanted: str | None) -> list[str]:
    known = sorted(set().union(*(rule.model_types for rule in rules)), key=_age)
    if wanted is None:
        return known
    if wanted not in known:
        near = _nearest(wanted, known, cutoff=0.3)
        raise UsageError(f"no rule knows model type {wanted!r}; nearest: {', '.join(near)}")
    return [wanted]


def _nearest(name: str, known: list[str], cutoff: float) -> list[str]:
    import difflib

    return difflib.get_close_matches(name, known, n=3, cutoff=cutoff) or known


def _age(model_type: str) -> tuple[object, str]:
    return versions.order(families.KNOWN_MODEL_TYPES.get(model_type, "99")), model_type


def _inside(
    rules: tuple[Rule, ...], package: str, releases: list[str]
) -> dict[Scope, frozenset[str]]:
    """Return the releases of this package that each scope about it allows."""
    scopes = [scope for rule in rules for scope in rule.scopes if package in scope.packages]
    allowed = {
        text: frozenset(release for release in releases if versions.contains(text, release))
        for text in {scope.packages[package] for scope in scopes}
    }
    return {
        scope: allowed[scope.packages[package]]
        for scope in scopes
        if not _needs_unsloth(scope, package)
    }


def _about(
    rules: tuple[Rule, ...], model_type: str, inside: dict[Scope, frozenset[str]]
) -> list[tuple[Rule, frozenset[str]]]:
    """Return the rules about this model type, each with the releases in which it holds."""
    found = []
    for rule in rules:
        scopes = [s for s in rule.scopes if s in inside and model_type in s.model_types]
        if scopes:
            found.append((rule, frozenset().union(*(inside[scope] for scope in scopes))))
    return found


def _cell(
    about: list[tuple[Rule, frozenset[str]]], package: str, model_type: str, version: str
) -> tuple[Rule, ...] | None:
    """Return the rules that hold for a release; ``None`` where it has no such model type."""
    since = families.KNOWN_MODEL_TYPES.get(model_type)
    if package == "transformers" and since and not versions.contains(f">={since}", version):
        return None
    return tuple(rule for rule, releases in about if version in releases)


def _needs_unsloth(scope: Scope, package: str) -> bool:
    """Return whether the scope breaks under Unsloth only; its releases say nothing about others."""
    ours = _UNSLOTH & scope.packages.keys()
    return bool(ours) and package not in ours


def _entries(
    rules: tuple[Rule, ...] | None, package: str, model_type: str, releases: list[str]
) -> tuple[Entry, ...] | None:
    """Return the cell of a column, whose releases have the same rules."""
    if rules is None:
        return None
    return tuple(
        Entry(rule.code, rule.severity, _strength(rule, package, model_type, releases))
        for rule in rules
    )


def _strength(rule: Rule, package: str, model_type: str, releases: list[str]) -> str:
    """Return ``ran`` if any of these releases was run and seen broken, else what the rule says."""
    for version in releases:
        if evidence.seen(rule.code, package, model_type, version) == evidence.SEEN_BROKEN:
            return RAN
    return DERIVED if rule.evidence is Evidence.RAN else rule.evidence.value


def _shape(cell: tuple[Rule, ...] | None) -> object:
    """Return what makes two releases different columns: the codes, not how well each was seen."""
    return None if cell is None else tuple(rule.code for rule in cell)


def _collapse(releases: list[str], shape: Callable[[str], object]) -> list[list[str]]:
    groups: list[list[str]] = []
    last: object = object()
    for version in releases:
        current = shape(version)
        if not groups or current != last:
            groups.append([])
        groups[-1].append(version)
        last = current
    return groups
