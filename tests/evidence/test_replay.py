"""Every claim replays: the rules must predict each row that was observed on a real release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gemma_compat import versions
from gemma_compat.engine.diagnosis import judge
from gemma_compat.engine.rule import Evidence, Finding, Rule, Scope
from gemma_compat.rules import all_rules

from .machine import cells, fold, releases, rows
from .machine.reproductions import codes, describe

pytest.importorskip("torch")  # every reproduction imports it

RULES = {rule.code: rule for rule in all_rules() if rule.evidence is Evidence.RAN}


def predicts(rule: Rule, row: rows.Row) -> bool:
    """Whether the rule's answer for the row's facts is what was seen."""
    if row.patched:
        return row.outcome == rows.WORKING
    fires = isinstance(judge(rule, row.known_facts()), Finding)
    return fires == (row.outcome == rows.BROKEN)


def valid_rows(code: str) -> list[rows.Row]:
    return [row for row in rows.read(code) if row.outcome != rows.INVALID]


def is_refusal(row: rows.Row) -> bool:
    """Whether ``patch`` stopped by name there."""
    return row.patched and str(row.seen).startswith("PatchRefused")


def test_every_rule_that_claims_to_have_run_has_a_reproduction() -> None:
    assert set(RULES) == set(codes())


@pytest.mark.parametrize("code", sorted(RULES))
def test_the_rule_predicts_every_row(code: str) -> None:
    wrong = [row for row in valid_rows(code) if not predicts(RULES[code], row)]
    assert valid_rows(code)
    assert not wrong, [(r.environment, r.model_type, r.variant, r.outcome, r.seen) for r in wrong]


@pytest.mark.parametrize("code", sorted(RULES))
def test_no_row_is_undetermined(code: str) -> None:
    """A reproduction must supply every fact that its rule asks for."""
    for row in valid_rows(code):
        answer = judge(RULES[code], row.known_facts())
        assert answer is None or isinstance(answer, Finding), (row.environment, row.variant, answer)


def finite_bounds() -> Iterator[tuple[str, str, str, str]]:
    """Each (code, package, bound, model type) that a rule draws a line at."""
    for rule in RULES.values():
        for scope in rule.scopes:
            for package, text in scope.packages.items():
                for bound in versions.bounds(text):
                    for model_type in sorted(scope.model_types):
                        yield rule.code, package, bound, model_type


def reproducible_bounds() -> list[tuple[str, str, str, str]]:
    return [b for b in finite_bounds() if b[3] in describe(b[0]).model_types]


@pytest.mark.parametrize(("code", "package", "bound", "model_type"), reproducible_bounds())
def test_each_bound_was_seen_from_both_sides(
    code: str, package: str, bound: str, model_type: str
) -> None:
    """The published neighbours of each bound have a row, as far as the model type exists there."""
    failure = describe(code).variants[0]
    near = cells.neighbours(bound, releases.published(package))
    wanted = [v for v in near if package != "transformers" or cells.exists(model_type, v)]
    observed = {
        fold.varied(row.environment)[1]
        for row in valid_rows(code)
        if row.model_type == model_type and row.variant == failure and not row.patched
    }
    assert set(wanted) <= observed


@pytest.mark.parametrize("code", sorted(code for code, rule in RULES.items() if rule.patch))
def test_a_rule_with_a_patch_has_cured_rows_where_it_was_broken(code: str) -> None:
    broken = {(r.environment, r.model_type) for r in valid_rows(code) if r.outcome == rows.BROKEN}
    cured = {(r.environment, r.model_type) for r in valid_rows(code) if r.patched}
    refused = {(r.environment, r.model_type) for r in rows.read(code) if is_refusal(r)}
    assert broken and cured and broken <= cured | refused


def loosened(rule: Rule) -> Iterator[Rule]:
    """The rule with one bound moved outwards by one published release, for each bound."""
    for position, scope in enumerate(rule.scopes):
        for package, text in scope.packages.items():
            for part in text.split(","):
                moved = _moved(part, package)
                if moved:
                    packages = {**scope.packages, package: text.replace(part, moved)}
                    scopes = list(rule.scopes)
                    scopes[position] = Scope(scope.model_types, packages, scope.when)
                    yield replace(rule, scopes=tuple(scopes))


def _moved(part: str, package: str) -> str | None:
    """``<4.51.0`` as ``<4.51.1`` (the next release), ``>=4.50.0`` as ``>=4.49.0``."""
    ordered = releases.published(package)
    if part.startswith("<"):
        above = [v for v in ordered if versions.parse(v) > versions.parse(part[1:])]
        return f"<{above[0]}" if above else None
    below = [v for v in ordered if versions.parse(v) < versions.parse(part[2:])]
    return f">={below[-1]}" if below else None


@pytest.mark.parametrize("code", sorted(RULES))
def test_loosening_a_bound_by_one_release_is_noticed(code: str) -> None:
    """Unless the model type does not exist on the other side, a wrong bound contradicts a row."""
    rule = RULES[code]
    for wrong in loosened(rule):
        changed = [
            row
            for row in valid_rows(code)
            if not row.patched
            and isinstance(judge(wrong, row.known_facts()), Finding)
            != isinstance(judge(rule, row.known_facts()), Finding)
        ]
        for row in changed:
            assert not predicts(wrong, row), (row.environment, row.variant)
        if not changed:
            assert _nothing_lies_beyond(rule, wrong), [dict(s.packages) for s in wrong.scopes]


def _nothing_lies_beyond(rule: Rule, wrong: Rule) -> bool:
    """Whether the loosened scope lets in nothing that could be run and no other scope covers."""
    model_types = set(describe(rule.code).model_types)
    for scope, other in zip(rule.scopes, wrong.scopes, strict=True):
        for package, text in other.packages.items():
            if text != scope.packages[package]:
                let_in = [
                    (model_type, version)
                    for version in releases.published(package)
                    if versions.contains(text, version)
                    for model_type in scope.model_types & model_types
                    if cells.exists(model_type, version) and _is_old_enough(version)
                ]
                return all(
                    _covered(rule, package, *case) or _is_decided_by_the_object(wrong, *case)
                    for case in let_in
                )
    return True


def _is_decided_by_the_object(wrong: Rule, model_type: str, version: str) -> bool:
    """Whether it was run, and a condition on the object keeps even the loosened rule right."""
    seen = [
        row
        for row in valid_rows(wrong.code)
        if row.model_type == model_type
        and fold.varied(row.environment)[1] == version
        and not row.patched
    ]
    return bool(seen) and all(predicts(wrong, row) for row in seen)


def _is_old_enough(version: str) -> bool:
    """Releases older than the evidence reaches are not claimed by any row."""
    return versions.contains(f">={cells.OLDEST}", version)


def _covered(rule: Rule, package: str, model_type: str, version: str) -> bool:
    return any(
        model_type in scope.model_types and versions.contains(scope.packages[package], version)
        for scope in rule.scopes
    )


def test_the_shipped_evidence_is_folded_from_the_rows() -> None:
    assert fold.TARGET.read_text(encoding="utf-8") == fold.text()
    assert fold.TARGET.stat().st_size < 300_000
