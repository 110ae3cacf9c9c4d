"""From answers and consent to patches, skips and manual steps."""

from __future__ import annotations

from typing import Any

import pytest

from gemma_compat.engine.condition import Condition
from gemma_compat.engine.plan import Consent, Plan, make_plan
from gemma_compat.engine.rule import (
    Applicability,
    Diagnosis,
    Finding,
    Rule,
    Undetermined,
)
from gemma_compat.errors import UnknownFact
from gemma_compat.facts import Facts

from .made import PROBLEM, never_patched
from .made import rule as made_rule


def rule(code: str, **fields: Any) -> Rule:
    return made_rule(code, **{"patch": never_patched, **fields})


def plan(*answers: Rule | Undetermined, consent: Consent | None = None) -> Plan:
    """Of findings (given as rules) and undetermined answers."""
    return make_plan(
        Diagnosis(
            Facts(),
            tuple(Finding(item, PROBLEM) for item in answers if isinstance(item, Rule)),
            tuple(item for item in answers if isinstance(item, Undetermined)),
        ),
        consent,
    )


def test_a_patch_yields_to_one_that_is_on_the_model_already() -> None:
    winner, loser = rule("GC901"), rule("GC902", yields_to=("GC901",))
    made = make_plan(Diagnosis(Facts(), (Finding(loser, PROBLEM),), (), in_place=(winner,)))
    assert (patched(made), manual(made)) == ([], ["GC902"])
    assert "yields to GC901" in skipped(made)["GC902"]


def undetermined(of: Rule, *topics: str) -> Undetermined:
    return Undetermined(of, tuple((topic, "not given") for topic in topics), "it does so")


def patched(made: Plan) -> list[str]:
    return [item.rule.code for item in made.patches]


def skipped(made: Plan) -> dict[str, str]:
    return {skip.rule.code: skip.reason for skip in made.skips}


def manual(made: Plan) -> list[str]:
    return [finding.rule.code for finding in made.manual]


UNSAFE = {"applicability": Applicability.UNSAFE}


def test_a_finding_with_a_safe_patch_is_patched() -> None:
    made = plan(rule("GC901"))
    assert (patched(made), skipped(made), manual(made)) == (["GC901"], {}, [])


def test_without_a_patch_it_is_left_to_the_user() -> None:
    shown = {"applicability": Applicability.DISPLAY_ONLY}
    made = plan(rule("GC901", patch=None, **shown), rule("GC902", **shown))
    assert (patched(made), skipped(made), manual(made)) == ([], {}, ["GC901", "GC902"])


def test_a_finding_that_only_the_user_can_cure_does_not_end_the_plan() -> None:
    shown = rule("GC901", patch=None, applicability=Applicability.DISPLAY_ONLY)
    made = plan(shown, rule("GC902"))
    assert (patched(made), manual(made)) == (["GC902"], ["GC901"])


@pytest.mark.parametrize(
    ("consent", "is_patched"),
    [(None, True), (Consent(has_trainer=False), True), (Consent(has_trainer=True), False)],
)
def test_what_a_trainer_has_read_already_is_too_late(
    consent: Consent | None, is_patched: bool
) -> None:
    made = plan(rule("GC901", before_trainer=True), rule("GC902"), consent=consent)
    assert patched(made) == (["GC901", "GC902"] if is_patched else ["GC902"])
    late = {} if is_patched else {"GC901": "too late: the Trainer of this model is made already"}
    assert skipped(made) == late


@pytest.mark.parametrize(
    ("consent", "is_patched"),
    [
        (None, False),
        (Consent(unsafe=True), True),
        (Consent(select=frozenset({"GC901"})), True),
        (Consent(select=frozenset({"GC902"}), unsafe=True), False),
        (Consent(ignore=frozenset({"GC901"}), unsafe=True), False),
    ],
)
def test_consent_to_an_unsafe_patch(consent: Consent | None, is_patched: bool) -> None:
    made = plan(rule("GC901", **UNSAFE), consent=consent)
    assert patched(made) == (["GC901"] if is_patched else [])
    assert list(skipped(made)) == ([] if is_patched else ["GC901"])
    assert manual(made) == ([] if is_patched else ["GC901"])


def test_an_unsafe_skip_says_how_to_allow_it() -> None:
    assert "select=['GC901']" in skipped(plan(rule("GC901", **UNSAFE)))["GC901"]


def test_ignored_and_not_selected_say_so() -> None:
    consent = Consent(select=frozenset({"GC903"}), ignore=frozenset({"GC901"}))
    made = plan(rule("GC901"), rule("GC902"), rule("GC903"), consent=consent)
    assert patched(made) == ["GC903"]
    assert skipped(made) == {"GC901": "ignored, as you asked", "GC902": "not selected"}


def unknown(facts: Facts) -> bool:
    raise UnknownFact("training.deepspeed_stage")


@pytest.mark.parametrize(
    ("test", "is_patched"),
    [(lambda facts: True, False), (lambda facts: False, True), (unknown, True)],
)
def test_a_refusal(test: Any, is_patched: bool) -> None:
    made = plan(rule("GC901", refused_if=(Condition("ZeRO-3 needs it", test),)))
    assert patched(made) == (["GC901"] if is_patched else [])
    assert skipped(made) == ({} if is_patched else {"GC901": "refused: ZeRO-3 needs it"})
    assert [skip.stops for skip in made.skips] == [True] * (not is_patched)


def test_a_refused_cure_of_what_is_only_possible_stops_nothing() -> None:
    refused = rule("GC901", refused_if=(Condition("ZeRO-3 needs it", lambda facts: True),))
    made = plan(undetermined(refused, "training.evaluates"), rule("GC902"))
    assert patched(made) == ["GC902"]
    assert skipped(made) == {"GC901": "refused: ZeRO-3 needs it"}
    assert [skip.stops for skip in made.skips] == [False]
    # What the user did not select is not even asked.
    chosen = plan(undetermined(refused, "gpus"), consent=Consent(select=frozenset({"GC902"})))
    assert skipped(chosen) == {"GC901": "not selected"}


def test_what_is_not_selected_does_not_stop_the_others() -> None:
    made = plan(rule("GC901"), consent=Consent(select=frozenset({"GC902"})))
    assert [(skip.stops, skip.in_place) for skip in made.skips] == [(False, False)]


@pytest.mark.parametrize(
    ("topics", "is_patched"),
    [
        (("training.evaluates",), True),
        (("training.evaluates", "training.mixed_precision"), True),
        (("packages.transformers",), False),
        (("training.evaluates", "model.dtype"), False),
        (("gpus",), False),
    ],
)
def test_a_cure_ahead_of_time_only_where_just_the_run_is_unknown(
    topics: tuple[str, ...], is_patched: bool
) -> None:
    made = plan(undetermined(rule("GC901"), *topics))
    assert [item.preventive for item in made.patches] == ([True] if is_patched else [])
    assert bool(skipped(made)) is not is_patched
    assert manual(made) == []


def test_a_cure_for_a_module_is_left_to_install() -> None:
    made = plan(rule("GC901", patch=never_patched, at_import=("some.module",)))
    assert skipped(made) == {"GC901": "done at import only: gemma_compat.install(select=['GC901'])"}


def test_who_yields_is_skipped_where_the_other_is_planned_or_was_left_out() -> None:
    yielding = rule("GC901", yields_to=("GC902",))
    assert patched(plan(yielding)) == ["GC901"]
    both = plan(yielding, rule("GC902"))
    assert patched(both) == ["GC902"]
    assert "yields to GC902" in skipped(both)["GC901"]
    ignored = plan(yielding, rule("GC902"), consent=Consent(ignore=frozenset({"GC902"})))
    assert patched(ignored) == []
    assert "opposite of GC902" in skipped(ignored)["GC901"]


def test_order_is_by_code_and_after() -> None:
    made = plan(rule("GC901", after=("GC903",)), rule("GC903"), rule("GC902", after=("GC999",)))
    assert patched(made) == ["GC902", "GC903", "GC901"]


def test_a_circle_is_an_error() -> None:
    with pytest.raises(ValueError, match="GC901"):
        plan(rule("GC901", after=("GC902",)), rule("GC902", after=("GC901",)))


def test_the_order_of_the_answers_does_not_matter() -> None:
    rules = [rule("GC901", after=("GC902",)), rule("GC902"), rule("GC903", yields_to=("GC901",))]
    assert patched(plan(*rules)) == patched(plan(*reversed(rules))) == ["GC902", "GC901"]
