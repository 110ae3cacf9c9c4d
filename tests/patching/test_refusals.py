"""No cure may take away the crash that made an incurable failure loud: over all pairs of rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gemma_compat.engine.condition import Condition
from gemma_compat.engine.effects import TRAINS_WRONG
from gemma_compat.engine.plan import Consent, make_plan
from gemma_compat.engine.rule import Diagnosis, Finding, Problem, Rule, Severity, Undetermined
from gemma_compat.errors import CannotBeCured, PatchRefused
from gemma_compat.facts import Facts
from gemma_compat.patching.apply import apply_plan
from gemma_compat.rules import all_rules

PROBLEM = Problem("it breaks", "mend it")
HOLDS = Condition("it would train another network", lambda facts: True)
CURES = [rule for rule in all_rules() if rule.patch and not rule.at_import]


def refuse(model: Any, ledger: Any) -> None:
    raise CannotBeCured("it would train another network")


def refused_by_facts(rule: Rule) -> Rule:
    return replace(rule, refused_if=(*rule.refused_if, HOLDS), describe=lambda facts: PROBLEM)


def refused_by_the_object(rule: Rule) -> Rule:
    return replace(rule, patch=refuse, describe=lambda facts: PROBLEM)


def confirmed(rule: Rule) -> Finding:
    return Finding(rule, PROBLEM)


def possible(rule: Rule) -> Undetermined:
    return Undetermined(rule, (("training.packing", "not given"),), "rows are packed")


def diagnosis(*answers: Finding | Undetermined) -> Diagnosis:
    return Diagnosis(
        Facts(),
        tuple(item for item in answers if isinstance(item, Finding)),
        tuple(item for item in answers if isinstance(item, Undetermined)),
    )


def by_code(code: str) -> Rule:
    return next(rule for rule in all_rules() if rule.code == code)


def wrong_network(rule: Rule) -> bool:
    return any(e in TRAINS_WRONG or e == "not-a-number" for e in rule.effects)


class Writes:
    """A cure that counts how often it was applied, and what of it is left after a revert."""

    def __init__(self) -> None:
        self.target = type("Target", (), {"switch": True})()

    def __call__(self, model: Any, ledger: Any) -> None:
        ledger.set_attribute(self.target, "switch", False)


def assert_stops(incurable: Finding | Undetermined, other: Rule, consent: Consent) -> None:
    writes = Writes()
    cured = replace(other, patch=writes, yields_to=(), before_trainer=False)
    for answer in (confirmed(cured), possible(cured)):
        found = diagnosis(incurable, answer)
        with pytest.raises(PatchRefused, match=incurable.rule.code):
            apply_plan(writes.target, found, make_plan(found, consent))
        assert writes.target.switch is True


ONE = pytest.mark.parametrize("one", CURES, ids=lambda rule: rule.code)


@ONE
def test_a_certain_failure_that_is_refused_stops_every_other_cure(one: Rule) -> None:
    incurable = confirmed(refused_by_facts(one))
    for other in CURES:
        if other is not one:
            assert_stops(incurable, other, Consent(unsafe=True))
            assert_stops(incurable, other, Consent(select=frozenset({other.code})))


@ONE
@pytest.mark.parametrize("answer", [confirmed, possible])
def test_what_is_seen_on_the_object_stops_them_too(
    answer: Callable[[Rule], Finding | Undetermined], one: Rule
) -> None:
    incurable = answer(replace(refused_by_the_object(one), yields_to=(), refused_if=()))
    for other in CURES:
        if other is not one:
            assert_stops(incurable, other, Consent(unsafe=True))


def plain(rule: Rule) -> Rule:
    """The rule, judged by its effects alone: as if every condition of a cure were met."""
    return replace(rule, yields_to=(), refused_if=(), before_trainer=False)


CRASHES = [r for r in CURES if "crash-in-training" in r.effects]
UNSEEN = [
    rule
    for rule in all_rules()
    if rule.severity is Severity.ERROR and rule.silent and wrong_network(rule)
]


@pytest.mark.parametrize("unseen", UNSEEN, ids=lambda rule: rule.code)
def test_no_cure_ends_the_crash_that_keeps_a_failure_from_passing_unseen(unseen: Rule) -> None:
    uncured = confirmed(replace(plain(unseen), patch=None, describe=lambda facts: PROBLEM))
    for crash in CRASHES:
        if crash.code == unseen.code:
            continue
        writes = Writes()
        cured = replace(plain(crash), patch=writes)
        for consent in (Consent(unsafe=True), Consent(select=frozenset({crash.code}))):
            found = diagnosis(uncured, confirmed(cured))
            with pytest.raises(PatchRefused, match=unseen.code):
                apply_plan(writes.target, found, make_plan(found, consent))
            found = diagnosis(uncured, possible(cured))
            apply_plan(writes.target, found, make_plan(found, consent))
        assert writes.target.switch is True
        accepted = Consent(ignore=frozenset({unseen.code}), unsafe=True)
        found = diagnosis(uncured, confirmed(cured))
        apply_plan(writes.target, found, make_plan(found, accepted))
        assert writes.target.switch is False


@ONE
def test_a_third_cure_does_not_end_the_crash_either(one: Rule) -> None:
    """GC804 turns the cache off too, on which the crash of GC203 rests."""
    unseen, crash = by_code("GC820"), by_code("GC203")
    if one in (unseen, crash):
        return
    writes = Writes()
    third = replace(plain(one), patch=writes)
    found = diagnosis(
        confirmed(replace(unseen, patch=None, describe=lambda facts: PROBLEM)),
        confirmed(replace(crash, patch=None)),
        confirmed(third),
    )
    with pytest.raises(PatchRefused, match="GC820"):
        apply_plan(writes.target, found, make_plan(found, Consent(unsafe=True)))
    assert writes.target.switch is True


def test_nothing_is_cured_where_only_the_loop_decides_on_the_crash() -> None:
    """Gemma 2 through sdpa, wrapped from outside: GC102 would end the crash of GC203."""
    writes = Writes()
    loop = (("training.trainer", "not given"),)
    found = diagnosis(
        confirmed(replace(plain(by_code("GC301")), patch=None)),
        Undetermined(plain(by_code("GC203")), loop, "no Trainer drives the run"),
        confirmed(replace(plain(by_code("GC102")), patch=writes)),
    )
    plan = make_plan(found)
    apply_plan(writes.target, found, plan)
    assert not plan.patches and writes.target.switch is True
    assert all("GC301" in skip.reason for skip in plan.skips)


@pytest.mark.parametrize("unseen", [r for r in UNSEEN if r.patch], ids=lambda rule: rule.code)
def test_a_silent_failure_that_is_not_selected_stops_the_cure_of_a_crash(unseen: Rule) -> None:
    crash = replace(plain(by_code("GC203")), patch=Writes())
    found = diagnosis(confirmed(replace(unseen, yields_to=())), confirmed(crash))
    plan = make_plan(found, Consent(select=frozenset({"GC203"})))
    assert [skip.rule.code for skip in plan.skips if skip.stops] == [unseen.code]


@ONE
def test_whoever_ignores_it_lives_with_it(one: Rule) -> None:
    writes = Writes()
    other = replace(next(r for r in CURES if r is not one), patch=writes, yields_to=())
    found = diagnosis(confirmed(refused_by_facts(one)), confirmed(other))
    plan = make_plan(found, Consent(ignore=frozenset({one.code}), unsafe=True))
    apply_plan(writes.target, found, plan)
    assert writes.target.switch is False


@pytest.mark.parametrize("loser", [r for r in CURES if r.yields_to], ids=lambda rule: rule.code)
def test_a_cure_yields_to_one_that_was_left_out(loser: Rule) -> None:
    """GC804 turns the cache off, which GC104 needs on: not even where GC104 was not selected."""
    winner = next(rule for rule in CURES if rule.code == loser.yields_to[0])
    for answer in (confirmed, possible):
        found = diagnosis(answer(winner), confirmed(loser))
        for consent in (
            Consent(select=frozenset({loser.code})),
            Consent(ignore=frozenset({winner.code}), unsafe=True),
        ):
            plan = make_plan(found, consent)
            assert not plan.patches
            assert any(s.rule is loser and winner.code in s.reason for s in plan.skips)
