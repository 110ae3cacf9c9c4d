"""The combinators answer as Kleene's logic does, in any order."""

from __future__ import annotations

from itertools import permutations, product

import pytest

from gemma_compat.conditions.cache import cache_stays_on, trainer_turns_cache_off
from gemma_compat.engine.condition import (
    NO,
    YES,
    Condition,
    all_of,
    any_gpu,
    any_of,
    as_stated,
    choose,
    every_gpu,
    first_known,
    kind_of_run,
    not_,
)
from gemma_compat.errors import UnknownFact
from gemma_compat.facts import Facts, Gpu

from .conftest import facts_for

FACTS = Facts()


def _raise(topic: str) -> bool:
    raise UnknownFact(topic)


OPEN = Condition("open", lambda facts: _raise("open"))
OTHER = Condition("other", lambda facts: _raise("other"))
ANSWERS: dict[str, Condition] = {"yes": YES, "no": NO, "open": OPEN}


def answer(item: Condition, facts: Facts = FACTS) -> str:
    try:
        return "yes" if item.test(facts) else "no"
    except UnknownFact:
        return "open"


def topic(item: Condition) -> str:
    with pytest.raises(UnknownFact) as caught:
        item.test(FACTS)
    return caught.value.topic


@pytest.mark.parametrize(
    ("given", "both", "either"),
    [
        ("yes yes", "yes", "yes"),
        ("yes no", "no", "yes"),
        ("no no", "no", "no"),
        ("yes open", "open", "yes"),
        ("no open", "no", "open"),
        ("open open", "open", "open"),
    ],
)
def test_and_or(given: str, both: str, either: str) -> None:
    for ordered in permutations(given.split()):
        items = [ANSWERS[name] for name in ordered]
        assert answer(all_of(*items)) == both
        assert answer(any_of(*items)) == either


def test_not() -> None:
    assert [answer(not_(item, "not")) for item in (YES, NO, OPEN)] == ["no", "yes", "open"]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ((YES, NO), "yes"),
        ((NO, YES), "no"),
        ((OPEN, YES), "yes"),
        ((OPEN, NO), "no"),
        ((OPEN, OPEN, YES), "yes"),
        ((OPEN, OPEN), "open"),
    ],
)
def test_first_known(items: tuple[Condition, ...], expected: str) -> None:
    assert answer(first_known(*items)) == expected


@pytest.mark.parametrize(
    ("which", "then", "otherwise", "expected"),
    [
        ("yes", "yes", "no", "yes"),
        ("no", "yes", "no", "no"),
        ("open", "yes", "yes", "yes"),
        ("open", "no", "no", "no"),
        ("open", "yes", "no", "open"),
        ("open", "open", "no", "open"),
        ("open", "no", "open", "open"),
        ("yes", "open", "no", "open"),
    ],
)
def test_choose(which: str, then: str, otherwise: str, expected: str) -> None:
    assert answer(choose(ANSWERS[which], ANSWERS[then], ANSWERS[otherwise])) == expected


def test_as_stated_is_no_under_the_exclusion_only_where_nothing_was_stated() -> None:
    answers = {
        (stated, excluded): answer(as_stated(ANSWERS[stated], no_when=ANSWERS[excluded]))
        for stated, excluded in product(ANSWERS, repeat=2)
    }
    assert answers == {
        **{("yes", excluded): "yes" for excluded in ANSWERS},
        **{("no", excluded): "no" for excluded in ANSWERS},
        ("open", "yes"): "no",
        ("open", "no"): "open",
        ("open", "open"): "open",
    }


def test_which_missing_fact_is_named() -> None:
    assert topic(any_of(NO, OPEN, OTHER)) == "open"
    assert topic(all_of(YES, OTHER, OPEN)) == "other"
    assert topic(first_known(OTHER, OPEN)) == "open"
    assert topic(choose(OTHER, YES, NO)) == "other"
    assert topic(as_stated(OPEN, no_when=OTHER)) == "open"


def test_phrases_compose() -> None:
    assert any_of(OPEN, OTHER).phrase == "open or other"
    assert all_of(OPEN, OTHER).phrase == "open and other"
    assert all_of(OPEN, OTHER, phrase="both").phrase == "both"
    assert first_known(OPEN, OTHER).phrase == "open"
    assert choose(OPEN, YES, OTHER).phrase == "other"
    assert kind_of_run("adapter", OPEN).phrase == "open"


@any_gpu("a GPU is old")
def is_old(facts: Facts, gpu: Gpu) -> bool:
    return gpu.compute_capability < (8, 0)


@every_gpu("all GPUs are old")
def are_old(facts: Facts, gpu: Gpu) -> bool:
    return gpu.compute_capability < (8, 0)


OLD, NEW, DARK = Gpu(compute_capability=(7, 5)), Gpu(compute_capability=(9, 0)), Gpu()


@pytest.mark.parametrize(
    ("gpus", "one", "every"),
    [
        ((), "no", "yes"),
        ((OLD,), "yes", "yes"),
        ((OLD, NEW), "yes", "no"),
        ((OLD, DARK), "yes", "open"),
        ((NEW, DARK), "open", "no"),
        ((DARK,), "open", "open"),
    ],
)
def test_gpus(gpus: tuple[Gpu, ...], one: str, every: str) -> None:
    for ordered in permutations(gpus):
        facts = Facts(gpus=ordered)
        assert answer(is_old, facts) == one
        assert answer(are_old, facts) == every
    assert answer(is_old) == answer(are_old) == "open"


def test_known_to_hold_takes_unknown_for_no() -> None:
    assert [item.is_known_to_hold(FACTS) for item in (YES, NO, OPEN)] == [True, False, False]


@pytest.mark.parametrize(
    ("model_type", "reads_top"),
    [
        ("gemma", True),
        ("gemma2", True),
        ("gemma3_text", True),
        ("gemma4", True),
        ("gemma3", False),
        ("gemma3n", False),
        ("paligemma", False),
        ("shieldgemma2", False),
    ],
)
def test_a_trainer_turns_off_only_the_cache_of_a_config_that_a_forward_reads(
    model_type: str, reads_top: bool
) -> None:
    facts = facts_for(model_type, training={"trainer": True, "use_cache": False})
    assert trainer_turns_cache_off.test(facts) is reads_top
    assert cache_stays_on.test(facts) is not reads_top
