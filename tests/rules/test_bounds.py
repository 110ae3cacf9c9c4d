"""Every bound has its published neighbours in a file beside the proof of the rule.

``bounds.txt`` in the folder of a rule's proof, for its first scope and the model types of it::

    scope 1: gemma2, gemma3, gemma3_text
    transformers: 4.49.0 silent, 4.50.0 fires (ran)
    transformers: 4.50.3 fires, 4.51.0 silent (read: no __getattr__ in cache_utils.py of 4.51.0)
    peft: 0.17.1 fires, 0.18.0 silent

``(ran)``: the runs beside it show both sides, with one model type and variant (tested here).
``(absent)``: the silent release has none of the scope's model types (tested here). ``(goes on)``:
on the silent side another scope of the rule applies to the same model types, so that the rule has
no bound here (tested here). ``(read: ...)``: seen in the source of both releases. A pair without a
mark was made from the rule's own bound and proves nothing about it; it only keeps the bound from
moving unseen. After the upgrade that a help names, no rule fires.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import pytest

from gemma_compat import versions
from gemma_compat.engine.diagnosis import judge
from gemma_compat.engine.help import upgrade_command
from gemma_compat.engine.rule import Finding, Rule, Scope
from gemma_compat.facts import Facts, Package
from gemma_compat.rules import all_rules
from gemma_compat.tables import families

from ..evidence.machine import cells
from .made import proof_of, published
from .test_contract import everything

RULES = all_rules()
BOUNDED = [rule for rule in RULES if any(scope.packages for scope in rule.scopes)]
JUDGED = [rule for rule in RULES if not rule.undetectable]

SCOPE = re.compile(r"scope (\d+): ([\w, ]+)")
SIDE = r"\S+ (?:silent|fires)"
PAIR = re.compile(rf"([\w-]+): ({SIDE}(?:, {SIDE})?)(?: \((ran|absent|goes on|read: .+)\))?")
KNOWN_BY_HAND = 40  # rules of which every pair has a mark; raise it with each that is derived

bounded = pytest.mark.parametrize("rule", BOUNDED, ids=lambda rule: rule.code)
judged = pytest.mark.parametrize("rule", JUDGED, ids=lambda rule: rule.code)


@dataclass(frozen=True)
class Pair:
    """Two neighbouring releases of a package, or one where nothing is on the other side.

    Attributes:
        scope: the number of the rule's scope, from 1.
        package: its name.
        fires: what is written of each release: ``True`` for ``fires``.
        mark: how it is known: ``ran``, ``absent``, ``goes on``, ``read: ...``, or nothing.
    """

    scope: int
    package: str
    fires: dict[str, bool]
    mark: str = ""


def pairs(text: str) -> Iterator[Pair]:
    """The pairs of a ``bounds.txt``. ``ValueError`` on any other line."""
    scope = 0
    for line in text.splitlines():
        if found := SCOPE.fullmatch(line):
            scope = int(found[1])
        elif found := PAIR.fullmatch(line):
            said = (part.split(" ") for part in found[2].split(", "))
            fires = {version: word == "fires" for version, word in said}
            yield Pair(scope, found[1], fires, found[3] or "")
        elif line.strip() and not line.startswith("#"):
            raise ValueError(f"neither a scope nor a pair: {line!r}")


def written(rule: Rule) -> list[Pair]:
    file = proof_of(rule) / "bounds.txt"
    return list(pairs(file.read_text(encoding="utf-8"))) if file.exists() else []


def model_types(rule: Rule) -> dict[int, set[str]]:
    """What is written of each scope's model types."""
    file = proof_of(rule) / "bounds.txt"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    found = [match for line in lines if (match := SCOPE.fullmatch(line))]
    return {int(match[1]): set(match[2].split(", ")) for match in found}


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
    missing, too_much = sorted(need - have), sorted(have - need)
    assert not missing and not too_much, (
        f"{proof_of(rule) / 'bounds.txt'} holds what each bound means, in the form of this file's "
        f"docstring. Missing: {missing}. Too much: {too_much}"
    )


@bounded
def test_the_model_types_of_each_scope_are_written_down(rule: Rule) -> None:
    scopes = enumerate(rule.scopes, 1)
    of_rule = {number: set(scope.model_types) for number, scope in scopes if scope.packages}
    assert model_types(rule) == of_rule, "write `scope 1: gemma3, gemma3_text` in bounds.txt"


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
                said = answer is not None if not fires else isinstance(answer, Finding)
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
    """The rule with one bound moved by one published release, each way, for each bound."""
    for number, scope in enumerate(rule.scopes):
        for package, text in scope.packages.items():
            for part in text.split(","):
                bound = part.lstrip("<>=!")
                below = [v for v in published(package) if versions.parse(v) < versions.parse(bound)]
                above = [
                    v for v in published(package) if versions.parse(v) >= versions.parse(bound)
                ]
                for other in (*below[-1:], *above[1:2]):
                    packages = {**scope.packages, package: text.replace(bound, other)}
                    if _holds(package, text) == _holds(package, packages[package]):
                        continue  # `<0.18.0` leaves 0.18.0rc0 out already
                    scopes = list(rule.scopes)
                    scopes[number] = replace(scope, packages=packages)
                    yield f"{package} {packages[package]}", replace(rule, scopes=tuple(scopes))


def _holds(package: str, text: str) -> list[str]:
    return [version for version in published(package) if versions.contains(text, version)]


# Moves that change nothing for the facts of the contract: there the pins of 4.41.2 are kept.
UNSEEN = {"GC905": ["transformers >=4.41.2"]}


@bounded
def test_a_bound_that_moves_by_one_release_is_noticed(rule: Rule) -> None:
    unseen = [text for text, wrong in moved(rule) if not contradictions(wrong)]
    assert unseen == UNSEEN.get(rule.code, [])


# How the pairs are known.


@lru_cache(maxsize=None)
def outcomes(code: str) -> dict[tuple[str, str, str], str]:
    """The outcome of each run without the cure: model type, variant, environment."""
    rule = next(rule for rule in RULES if rule.code == code)
    file = proof_of(rule) / "runs.jsonl"
    rows = map(json.loads, file.read_text(encoding="utf-8").splitlines() if file.exists() else ())
    return {
        (row["model_type"], row["variant"], row["environment"]): row["outcome"]
        for row in rows
        if not row["patched"]
    }


def was_run(rule: Rule, pair: Pair) -> bool:
    """Whether one model type and variant, in environments that differ in it alone, show both."""
    shown: dict[tuple[str, str, str], dict[str, str]] = {}
    for (model_type, variant, environment), outcome in outcomes(rule.code).items():
        pins = cells.pins_of(environment)
        version = pins.pop(pair.package, None)
        if version in pair.fires and model_type in rule.scopes[pair.scope - 1].model_types:
            shown.setdefault((model_type, variant, str(sorted(pins.items()))), {})[version] = (
                outcome
            )
    need = {version: "broken" if fires else "working" for version, fires in pair.fires.items()}
    return need in shown.values()


def has_no_such_model(rule: Rule, pair: Pair) -> bool:
    """Whether transformers has none of the scope's model types on the silent side, and has one
    on the other.
    """
    first = [families.KNOWN_MODEL_TYPES[name] for name in rule.scopes[pair.scope - 1].model_types]
    there = {
        version: any(versions.contains(f">={since}", version) for since in first)
        for version in pair.fires
    }
    return pair.package == "transformers" and there == pair.fires and not all(there.values())


def goes_on(rule: Rule, pair: Pair) -> bool:
    """Whether each of the scope's model types that the silent release has is in another scope
    there.
    """
    scope = rule.scopes[pair.scope - 1]
    others = [other for other in rule.scopes if other is not scope]
    silent = [version for version, fires in pair.fires.items() if not fires]
    return bool(silent) and all(
        any(
            name in other.model_types
            and versions.contains(other.packages.get(pair.package, ""), version)
            for other in others
        )
        for name in scope.model_types
        for version in silent
        if pair.package != "transformers"
        or versions.contains(f">={families.KNOWN_MODEL_TYPES[name]}", version)
    )


MARKS = {"ran": was_run, "absent": has_no_such_model, "goes on": goes_on}


@bounded
def test_a_mark_is_true(rule: Rule) -> None:
    for pair in written(rule):
        check = MARKS.get(pair.mark)
        assert check is None or check(rule, pair), pair


def test_a_pair_that_was_not_run_may_not_say_so() -> None:
    rule = next(rule for rule in RULES if rule.code == "GC101")
    assert was_run(rule, Pair(1, "transformers", {"4.49.0": False, "4.50.0": True}))
    assert not was_run(rule, Pair(1, "transformers", {"4.49.0": True, "4.50.0": False}))
    assert not was_run(rule, Pair(1, "transformers", {"4.50.0": False, "4.50.1": True}))


def test_the_pairs_of_so_many_rules_do_not_come_from_the_rules() -> None:
    known = [rule.code for rule in BOUNDED if all(pair.mark for pair in written(rule))]
    assert len(known) >= KNOWN_BY_HAND, known


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
