"""Every bound has its published neighbours in a file beside the proof of the rule.

``bounds.txt`` in the folder of a rule's proof, for its first scope::

    scope 1
    transformers: 4.49.0 silent, 4.50.0 fires
    transformers: 4.50.3 fires, 4.51.0 silent

The first pairs were made from the rules' own bounds and the published releases, so they do not
prove those bounds. They are kept apart from the rules: to move a bound, edit its pair by hand too.
After the upgrade that a help names, no rule fires.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pytest

from gemma_compat import versions
from gemma_compat.engine.diagnosis import judge
from gemma_compat.engine.help import upgrade_command
from gemma_compat.engine.rule import Finding, Rule, Scope
from gemma_compat.facts import Facts, Package
from gemma_compat.rules import all_rules

from ..evidence.machine import cells
from .made import proof_of
from .test_contract import everything

RULES = all_rules()
EVIDENCE = Path(__file__).parent.parent / "evidence" / "releases.json"
SHIPPED = Path(versions.__file__).parent / "data" / "releases.json"
BOUNDED = [rule for rule in RULES if any(scope.packages for scope in rule.scopes)]
JUDGED = [rule for rule in RULES if not rule.undetectable]

bounded = pytest.mark.parametrize("rule", BOUNDED, ids=lambda rule: rule.code)
judged = pytest.mark.parametrize("rule", JUDGED, ids=lambda rule: rule.code)


@dataclass(frozen=True)
class Pair:
    """Two neighbouring releases of a package, or one where nothing is on the other side.

    Attributes:
        scope: the number of the rule's scope, from 1.
        package: its name.
        fires: what is written of each release: ``True`` for ``fires``.
    """

    scope: int
    package: str
    fires: dict[str, bool]


def pairs(text: str) -> Iterator[Pair]:
    """The pairs of a ``bounds.txt``. ``ValueError`` on any other line."""
    scope = 0
    for line in text.splitlines():
        if found := re.fullmatch(r"scope (\d+)", line):
            scope = int(found[1])
        elif found := re.fullmatch(
            r"([\w-]+): (\S+ (?:silent|fires)(?:, \S+ (?:silent|fires))?)", line
        ):
            said = (part.split(" ") for part in found[2].split(", "))
            yield Pair(scope, found[1], {version: word == "fires" for version, word in said})
        elif line.strip() and not line.startswith("#"):
            raise ValueError(f"neither a scope nor a pair: {line!r}")


@lru_cache(maxsize=None)
def published(package: str) -> tuple[str, ...]:
    """Every release that is known, of the file that has more of them."""
    lists = [
        json.loads(EVIDENCE.read_text(encoding="utf-8")).get(package, ()),
        json.loads(SHIPPED.read_text(encoding="utf-8"))["packages"].get(package, ()),
    ]
    return tuple(sorted(max(lists, key=len), key=versions.parse))


def written(rule: Rule) -> list[Pair]:
    file = proof_of(rule) / "bounds.txt"
    return list(pairs(file.read_text(encoding="utf-8"))) if file.exists() else []


def neighbours(scope: Scope) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Package and published neighbours of each bound, also above an exact release."""
    for package, text in scope.packages.items():
        for part in text.split(","):
            bound = part.lstrip("<>=!")
            near = cells.neighbours(bound, published(package))
            yield package, near
            if part[:2] in {"==", "!="} and near[-1:] == (bound,):
                above = [v for v in published(package) if versions.parse(v) > versions.parse(bound)]
                yield package, (bound, *above[:1])


def alone(rule: Rule, number: int) -> Rule:
    """The rule with one of its scopes."""
    return replace(rule, scopes=(rule.scopes[number - 1],))


def firing(rule: Rule, number: int) -> Facts:
    """Facts under which this scope fires, of the rule's contract."""
    one = alone(rule, number)
    for facts in everything(rule):
        if isinstance(judge(one, facts), Finding):
            return facts
    raise AssertionError(f"no facts of the contract fire in scope {number} of {rule.code}")


def with_release(facts: Facts, package: str, version: str) -> Facts:
    known = facts.packages.get(package) or Package(name=package)
    return facts.replace(packages={**facts.packages, package: known.replace(version=version)})


@bounded
def test_every_bound_has_its_neighbours_written_down(rule: Rule) -> None:
    have = {(pair.scope, pair.package, tuple(pair.fires)) for pair in written(rule)}
    need = {
        (number, package, near)
        for number, scope in enumerate(rule.scopes, 1)
        for package, near in neighbours(scope)
    }
    assert have == need, f"missing: {sorted(need - have)}; too much: {sorted(have - need)}"


def contradictions(rule: Rule) -> list[str]:
    """What the rule says otherwise than is written beside it."""
    found = []
    for pair in written(rule):
        scope = rule.scopes[pair.scope - 1]
        facts = None if rule.undetectable else firing_facts(rule.code, pair.scope)
        for version, fires in pair.fires.items():
            if facts is None:
                said = versions.contains(scope.packages[pair.package], version)
            else:
                answer = judge(alone(rule, pair.scope), with_release(facts, pair.package, version))
                said = isinstance(answer, Finding)
            if said is not fires:
                found.append(f"scope {pair.scope}: {pair.package} {version}")
    return found


@lru_cache(maxsize=None)
def firing_facts(code: str, number: int) -> Facts:
    return firing(next(rule for rule in RULES if rule.code == code), number)


@bounded
def test_the_rule_says_what_is_written(rule: Rule) -> None:
    assert contradictions(rule) == []


def moved(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """The rule with one bound moved by two published releases, each way, for each bound."""
    for number, scope in enumerate(rule.scopes):
        for package, text in scope.packages.items():
            for part in text.split(","):
                bound = part.lstrip("<>=!")
                below = [v for v in published(package) if versions.parse(v) < versions.parse(bound)]
                above = [v for v in published(package) if versions.parse(v) > versions.parse(bound)]
                for other in (*below[-2:-1], *above[1:2]):
                    packages = {**scope.packages, package: text.replace(bound, other)}
                    scopes = list(rule.scopes)
                    scopes[number] = replace(scope, packages=packages)
                    yield f"{package} {packages[package]}", replace(rule, scopes=tuple(scopes))


@bounded
def test_a_bound_that_moves_by_two_releases_is_noticed(rule: Rule) -> None:
    assert [text for text, wrong in moved(rule) if not contradictions(wrong)] == []


# The fix.


def upgraded(facts: Facts, text: str) -> Facts | None:
    """The facts after the ``pip install -U`` that the text names; ``None`` where it names none."""
    found = re.search(r"pip install -U (.*?)(?:, |; | and |$)", text)
    if found is None:
        return None
    for requirement in shlex.split(found[1]):
        name, _, version = requirement.replace("_", "-").partition(">=")
        facts = with_release(facts, name, version or published(name)[-1])
    if "unsloth" in found[1]:  # the new release's metadata asks for other releases
        facts = facts.replace(unsloth=facts.unsloth.replace(requires={}))
    return facts


@judged
def test_after_the_upgrade_that_the_help_names_it_does_not_fire(rule: Rule) -> None:
    for number in range(1, len(rule.scopes) + 1):
        before = firing_facts(rule.code, number)
        answer = judge(alone(rule, number), before)
        assert isinstance(answer, Finding)
        after = upgraded(before, answer.problem.help)
        if after is not None:
            assert not isinstance(judge(rule, after), Finding), answer.problem.help


@bounded
def test_the_releases_of_the_fix_are_published_and_outside_the_scope(rule: Rule) -> None:
    for scope in rule.scopes:
        fixed_in = rule.fix.fixed_in if scope.fixed_in is None else scope.fixed_in
        known = {package: first_from(package, text) for package, text in fixed_in.items() if text}
        still = [versions.contains(scope.packages.get(name, ""), v) for name, v in known.items()]
        assert not still or not all(still), (dict(scope.packages), known)


def first_from(package: str, version: str) -> str:
    """The first published release from this one on: a yanked one is not installed by ``>=``."""
    return next(v for v in published(package) if versions.parse(v) >= versions.parse(version))


def test_a_help_that_names_a_release_that_is_still_broken_is_noticed() -> None:
    rule = next(rule for rule in RULES if rule.code == "GC101")
    facts = firing_facts("GC101", 1)
    text = upgrade_command({"transformers": "4.50.3"})
    after = upgraded(facts, text)
    assert after is not None and isinstance(judge(rule, after), Finding)
    fixed = upgraded(facts, upgrade_command({"transformers": "4.51.0"}))
    assert fixed is not None and judge(rule, fixed) is None
