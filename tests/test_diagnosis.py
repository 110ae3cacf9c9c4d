"""The engine: three answers, and Kleene's "and" over the questions, whatever their order."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from gemma_compat import api
from gemma_compat.engine import evidence
from gemma_compat.engine.condition import Condition, any_of, kind_of_run
from gemma_compat.engine.diagnosis import (
    Objection,
    failed_imports,
    held,
    judge,
    judge_all,
    missing_packages,
    nothing_was_judged,
    objection,
)
from gemma_compat.engine.rule import (
    Finding,
    Problem,
    Rule,
    Scope,
    Severity,
    Undetermined,
)
from gemma_compat.errors import UnknownFact
from gemma_compat.facts import UNKNOWN, Facts, Package
from gemma_compat.rules import find
from gemma_compat.tables import families

from .conftest import facts_for
from .made import rule as made_rule


def unknown(topic: str) -> Condition:
    def test(facts: Facts) -> bool:
        raise UnknownFact(topic)

    return Condition(f"{topic} holds", test)


YES = Condition("it holds", lambda facts: True)
NO = Condition("it does not", lambda facts: False)
GPUS, EVALUATES = unknown("gpus"), unknown("training.evaluates")
GEMMA3 = frozenset({"gemma3"})


def rule(*when: Condition, scopes: tuple[Scope, ...] | None = None, **fields: Any) -> Rule:
    def described(facts: Facts) -> Problem:
        return Problem(f"breaks on {facts.version('transformers')}", "mend it")

    scopes = scopes or (Scope(GEMMA3, {"transformers": ">=4.50.0.dev0,<4.51.0"}),)
    given: dict[str, Any] = {"code": "GC901", "name": "made", "describe": described}
    return made_rule(when=when, scopes=scopes, **{**given, **fields})


def answer(made: Rule, facts: Facts) -> str:
    given = judge(made, facts)
    if isinstance(given, Undetermined):
        return "? " + " ".join(topic for topic, _ in given.missing)
    return "no" if given is None else "fires"


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ((), "fires"),
        ((YES,), "fires"),
        ((NO,), "no"),
        ((GPUS,), "? gpus"),
        ((YES, NO, GPUS), "no"),
        ((YES, GPUS), "? gpus"),
        ((NO, GPUS, EVALUATES), "no"),
    ],
)
def test_one_no_decides_then_one_unknown_in_any_order(when: Any, expected: str) -> None:
    for ordered in permutations(when):
        assert answer(rule(*ordered), facts_for()) == expected


def test_every_missing_fact_is_named() -> None:
    given = judge(rule(GPUS, YES, EVALUATES), facts_for())
    assert isinstance(given, Undetermined)
    assert [topic for topic, _ in given.missing] == ["gpus", "training.evaluates"]
    assert given.condition == "gpus holds and training.evaluates holds"


def test_the_reason_comes_from_the_facts() -> None:
    facts = facts_for().replace(reasons={"gpus": "NVML did not answer within 3 s"})
    given = judge(rule(GPUS), facts)
    assert isinstance(given, Undetermined)
    assert given.missing == (("gpus", "NVML did not answer within 3 s"),)


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ((YES, GPUS), "fires"),
        ((GPUS, YES), "fires"),
        ((NO, GPUS), "? gpus"),
        ((GPUS, NO), "? gpus"),
        ((NO, NO), "no"),
        ((NO, YES), "fires"),
    ],
)
def test_any_of(items: tuple[Condition, ...], expected: str) -> None:
    assert answer(rule(any_of(*items)), facts_for()) == expected


# The header.


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("4.49.0", "no"),
        ("4.50.0.dev0", "fires"),
        ("4.50.3", "fires"),
        ("4.51.0", "no"),
        ("4.51.0.dev0", "? packages.transformers"),
        ("not-a-version", "? packages.transformers"),
    ],
)
def test_releases(release: str, expected: str) -> None:
    assert answer(rule(), facts_for(transformers=release)) == expected


def test_absent_is_no_and_unread_is_unknown() -> None:
    facts = facts_for()
    assert answer(rule(), facts.replace(packages={"transformers": None})) == "no"
    assert answer(rule(), facts.replace(packages={})) == "? packages.transformers"
    broken = Package(name="transformers", problem="METADATA is missing")
    given = judge(rule(), facts.replace(packages={"transformers": broken}))
    assert isinstance(given, Undetermined)
    assert given.missing == (("packages.transformers", "METADATA is missing"),)


def test_another_model_type_is_no_however_much_is_unknown() -> None:
    facts = facts_for("gemma2").replace(packages={}, gpus=UNKNOWN)
    assert answer(rule(GPUS, EVALUATES), facts) == "no"


def test_scopes_are_alternatives_with_conditions_of_their_own() -> None:
    scopes = (
        Scope(GEMMA3, {"transformers": "<4.51.0"}, when=(NO,)),
        Scope(GEMMA3, {"transformers": "<4.52.0"}, when=(GPUS,)),
        Scope(GEMMA3, {"transformers": "<4.51.0"}, when=(YES,)),
    )
    assert answer(rule(scopes=scopes), facts_for(transformers="4.50.3")) == "fires"
    assert answer(rule(scopes=scopes), facts_for(transformers="4.51.3")) == "? gpus"
    assert answer(rule(scopes=scopes), facts_for(transformers="4.52.0")) == "no"


def test_a_newer_model_type_is_judged_by_its_config_alone() -> None:
    by_config = (Scope(GEMMA3, {}, by_config=True),)
    facts = facts_for("gemma9")
    assert answer(rule(scopes=by_config), facts) == "fires"
    assert answer(rule(), facts) == "no"
    assert answer(rule(scopes=by_config), facts_for("gemma2")) == "no"  # known, and not listed
    assert answer(rule(scopes=by_config), facts_for("llama")) == "no"


def test_a_rule_matters_for_any_of_the_kinds_of_run_that_it_names() -> None:
    adapter, full, open_ = (
        kind_of_run(name, item) for name, item in (("a", YES), ("f", NO), ("o", GPUS))
    )
    for kinds, expected in (
        ((adapter, full), "fires"),
        ((full, adapter), "fires"),
        ((full,), "no"),
        ((full, open_), "? gpus"),
    ):
        assert answer(rule(runs=kinds), facts_for()) == expected


# All rules together.


def test_worst_first_then_by_code() -> None:
    rules = [
        rule(code="GC903", severity=Severity.NOTICE),
        rule(code="GC904"),
        rule(code="GC902", severity=Severity.WARNING),
        rule(code="GC901"),
    ]
    diagnosis = judge_all(facts_for(), rules)
    assert [finding.rule.code for finding in diagnosis.findings] == [
        "GC901",
        "GC904",
        "GC902",
        "GC903",
    ]


def test_without_a_model_every_type_is_judged_and_equal_answers_are_one() -> None:
    scopes = (
        Scope(frozenset({"gemma2", "gemma3"}), {"transformers": "<4.51.0"}),
        Scope(frozenset({"paligemma"}), {"transformers": "<4.51.0"}, when=(GPUS,)),
        Scope(frozenset({"gemma4"}), {"transformers": ">=5"}),
    )
    facts = facts_for().replace(model=facts_for().model.replace(model_type=UNKNOWN))
    diagnosis = judge_all(facts, [rule(scopes=scopes)])
    assert [finding.model_types for finding in diagnosis.findings] == [("gemma2", "gemma3")]
    assert [item.model_types for item in diagnosis.undetermined] == [("paligemma",)]
    assert not diagnosis.not_checked


def test_with_a_model_no_other_types_are_named() -> None:
    (finding,) = judge_all(facts_for(), [rule()]).findings
    assert isinstance(finding, Finding)
    assert finding.model_types == ()


def test_what_was_not_checked_is_said() -> None:
    by_config = rule(code="GC902", scopes=(Scope(GEMMA3, {}, by_config=True),))
    (said,) = judge_all(facts_for("gemma9"), [rule(), by_config]).not_checked
    assert "gemma9" in said and "GC901" in said and "GC902" not in said
    (said,) = judge_all(facts_for("llama"), [rule()]).not_checked
    assert "not a Gemma" in said
    assert judge_all(facts_for("gemma3"), [rule()]).not_checked == ()


@pytest.mark.parametrize(
    ("there", "refusal", "found"),
    [
        (("cure",), (), "cured"),
        (("cure", "another"), (), "cured"),
        (("another",), (), "fires"),
        ((), (), "fires"),
        (UNKNOWN, (), "fires"),  # a config file, or no model
        (("cure",), (YES,), "fires"),  # the cure must not be there
        (("cure",), (NO,), "cured"),
        (("cure",), (EVALUATES,), "cured"),  # as in a plan: only a refusal known to hold counts
    ],
)
def test_a_cure_on_the_model_is_no_finding(
    there: Any, refusal: tuple[Condition, ...], found: str
) -> None:
    made = facts_for("gemma3", model={"patched_with": there})
    for question, kind in ((YES, "findings"), (EVALUATES, "undetermined")):
        cured = rule(question, leaves=("cure",), refused_if=refusal)
        given = judge_all(made, [cured])
        assert bool(getattr(given, kind)) == (found == "fires")
        assert given.in_place == ((cured,) if found == "cured" else ())


def test_what_leaves_nothing_is_never_taken_for_cured() -> None:
    assert judge_all(facts_for("gemma3"), [rule(YES)]).findings


# What keeps a rule from firing, and what holds of it.

OTHER_NO = Condition("nor does this", lambda facts: False)
ALSO = Condition("this holds too", lambda facts: True)
HEADER = ("the model is one of gemma3", "transformers is >=4.50.0.dev0,<4.51.0")
IN_4_50 = {"transformers": ">=4.50.0.dev0,<4.51.0"}


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ((NO, OTHER_NO), Objection("it does not")),  # the first of them
        ((YES, OTHER_NO), Objection("nor does this")),
        ((GPUS, NO), Objection("it does not")),
        ((YES,), None),
        ((GPUS,), None),
    ],
)
def test_the_condition_that_says_no(when: Any, expected: Objection | None) -> None:
    assert objection(rule(*when), facts_for()) == expected


def test_the_scope_that_got_furthest_says_why() -> None:
    scopes = (
        Scope(GEMMA3, {"transformers": ">=5"}),
        Scope(GEMMA3, IN_4_50, when=(YES, NO)),
        Scope(GEMMA3, IN_4_50, when=(OTHER_NO,)),
    )
    assert objection(rule(scopes=scopes), facts_for()) == Objection("it does not")
    newer = Objection("transformers is >=5", "transformers", of_header=True)
    assert objection(rule(scopes=scopes[:1]), facts_for()) == newer
    other_model = Objection(HEADER[0], of_header=True)
    assert objection(rule(scopes=scopes), facts_for("gemma2")) == other_model


def test_the_package_of_an_objection_is_the_one_that_says_no() -> None:
    """The second package of a header is named, not the first."""
    scopes = (Scope(GEMMA3, {**IN_4_50, "peft": ">=0.19"}),)
    found = objection(rule(scopes=scopes), facts_for(packages={"peft": "0.18.0"}))
    assert found == Objection("peft is >=0.19", "peft", of_header=True)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ((YES, ALSO), (*HEADER, "it holds", "this holds too")),
        ((GPUS, ALSO), (*HEADER, "this holds too")),  # an unknown one is passed over
        ((YES, NO, ALSO), ()),
    ],
)
def test_what_is_known_to_hold(when: Any, expected: tuple[str, ...]) -> None:
    assert held(rule(*when), facts_for()) == expected


def test_the_scope_where_most_holds_and_nothing_contradicts() -> None:
    scopes = (
        Scope(GEMMA3, IN_4_50, when=(YES, ALSO, NO)),
        Scope(GEMMA3, IN_4_50, when=(YES,)),
        Scope(GEMMA3, IN_4_50),
    )
    assert held(rule(scopes=scopes), facts_for()) == (*HEADER, "it holds")


def test_nothing_was_judged_where_every_rule_about_the_model_waits_for_a_package() -> None:
    about, other = rule(), rule(code="GC902", scopes=(Scope({"gemma2"}, IN_4_50),))
    facts = facts_for("gemma3").replace(packages={})
    assert nothing_was_judged(judge_all(facts, [about, other]), [about, other])
    no_model = facts.replace(model=facts.model.replace(model_type=UNKNOWN))
    assert nothing_was_judged(judge_all(no_model, [about, other]), [about, other])
    assert not nothing_was_judged(judge_all(facts_for("gemma3"), [about]), [about])
    assert not nothing_was_judged(judge_all(facts, [other]), [other])
    waits_for_a_gpu = rule(GPUS, code="GC903")
    known = facts_for("gemma3")
    assert not nothing_was_judged(judge_all(known, [waits_for_a_gpu]), [waits_for_a_gpu])


def test_a_release_past_the_evidence_is_named_with_the_rules_that_answered() -> None:
    rules = [find("GC102"), find("GC805")]  # the second has no bound on any package
    newest = evidence.checked_through(rules[0], "transformers")
    said = judge_all(facts_for("gemma3", "99.0.0"), rules).not_checked
    assert said == (f"not verified on transformers 99.0.0: GC102 ran up to {newest}",)
    assert newest is not None
    assert judge_all(facts_for("gemma3", newest), rules).not_checked == ()
    unread = facts_for("gemma3").replace(packages={"transformers": None})
    assert judge_all(unread, rules).not_checked == ()


def test_what_training_needs_and_this_machine_lacks() -> None:
    facts = facts_for("gemma3")
    assert missing_packages(facts) == ()
    without = facts.replace(packages={**facts.packages, "torch": None})
    assert missing_packages(without) == ("torch",)
    assert missing_packages(facts.replace(packages={})) == ()  # not read: not known to be absent
    assert missing_packages(without.replace(assumed={"packages.peft": "--with"})) == ()
    for topic in ("gpus", "model"):  # a known name, --gpu: still the packages of this machine
        assert missing_packages(without.replace(assumed={topic: "an option"})) == ("torch",)


def test_an_import_that_was_tried_and_did_not_succeed() -> None:
    ends = ("ok", "ok in 3 s", "not tried", "not installed", "not finished in 20 s")
    fine = {f"fine{number}": end for number, end in enumerate(ends)}
    failed = {"torch": "ImportError: no libcudart", "peft": "killed by signal 11"}
    assert failed_imports(facts_for("gemma3").replace(imports=fine)) == ()
    assert failed_imports(facts_for("gemma3").replace(imports={**fine, **failed})) == tuple(failed)


@pytest.mark.parametrize(
    ("model_type", "said"),
    [("gemma9", "is newer than this release"), ("gemma4_vision", "is a part of a gemma4")],
)
def test_newer_is_said_only_of_what_is_newer(model_type: str, said: str) -> None:
    (line,) = judge_all(facts_for(model_type), [rule()]).not_checked
    assert said in line


@pytest.mark.parametrize("model_type", families.KNOWN_MODEL_TYPES)
def test_nothing_is_left_unchecked_of_a_type_that_is_known(model_type: str) -> None:
    assert not judge_all(facts_for(model_type), [rule()]).not_checked


def test_a_fact_that_turns_from_one_to_true_has_changed() -> None:
    """They are equal in Python, and a condition may tell them apart: ``use_cache is True``."""
    one, true = (facts_for("gemma3", training={"use_cache": value}) for value in (1, True))
    assert one == true
    assert api._judged(one) is not api._judged(true)
    assert api._judged(true) is api._judged(true)
