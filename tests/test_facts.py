"""Facts are values: frozen, comparable, JSON and back, and never read while unknown."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemma_compat.errors import UnknownFact
from gemma_compat.facts import (
    UNKNOWN,
    AdapterFacts,
    CheckpointFacts,
    ConfigView,
    Facts,
    Gpu,
    ModelFacts,
    Package,
    Record,
    TokenizerFacts,
    TorchBuild,
    TrainingFacts,
    UnslothFacts,
)

from .conftest import T4, facts_for

TEXT = st.text(max_size=8)
NUMBER = st.integers(0, 2**40)


def maybe(known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.just(UNKNOWN), known)


def records(cls: type[Record], **known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any record, each field known or not; those not given are texts, numbers or none."""
    plain = st.one_of(st.none(), st.booleans(), NUMBER, TEXT)
    return st.builds(cls, **{name: maybe(known.get(name, plain)) for name in cls.field_names()})


GPUS = records(Gpu, compute_capability=st.tuples(NUMBER, NUMBER))
PACKAGES = st.builds(Package, name=TEXT, version=maybe(TEXT), editable=st.booleans())
MODELS = records(
    ModelFacts,
    configs=st.lists(records(ConfigView), max_size=2).map(tuple),
    keys_to_ignore_at_inference=st.one_of(st.none(), st.lists(TEXT, max_size=2).map(tuple)),
)
FACTS = st.builds(
    Facts,
    python=maybe(TEXT),
    packages=st.dictionaries(TEXT, st.one_of(st.none(), PACKAGES), max_size=2),
    torch=records(TorchBuild),
    gpus=maybe(st.lists(GPUS, max_size=2).map(tuple)),
    driver=maybe(st.one_of(st.none(), TEXT)),
    model=MODELS,
    training=records(TrainingFacts),
    checkpoint=records(CheckpointFacts, names=st.lists(TEXT, max_size=2).map(tuple)),
    adapter=records(AdapterFacts, target_modules=st.lists(TEXT, max_size=2).map(tuple)),
    tokenizer=records(TokenizerFacts),
    unsloth=records(
        UnslothFacts,
        requires=st.dictionaries(TEXT, TEXT, max_size=2),
        patches=st.lists(TEXT, max_size=2).map(tuple),
    ),
    environment=st.dictionaries(TEXT, TEXT, max_size=2),
    reasons=st.dictionaries(TEXT, TEXT, max_size=2),
)


@settings(deadline=None, max_examples=100)
@given(FACTS)
def test_to_json_and_back_is_identity(facts: Facts) -> None:
    assert Facts.from_dict(json.loads(json.dumps(facts.to_dict()))) == facts


@settings(deadline=None, max_examples=50)
@given(FACTS)
def test_copies_and_pickles_are_equal(facts: Facts) -> None:
    assert copy.deepcopy(facts) == facts
    assert pickle.loads(pickle.dumps(facts)) == facts
    assert hash(copy.deepcopy(facts)) == hash(facts)


def test_reading_an_unknown_raises_with_its_topic() -> None:
    for record, name, topic in [
        (TrainingFacts(), "evaluates", "training.evaluates"),
        (ModelFacts(), "dtype", "model.dtype"),
        (Facts(), "gpus", "gpus"),
        (Gpu(), "memory_total", "gpus.memory_total"),
    ]:
        with pytest.raises(UnknownFact) as caught:
            getattr(record, name)
        assert caught.value.topic == topic
        assert not record.known(name)
        assert record.get(name, "default") == "default"


def test_unknown_is_neither_true_nor_false() -> None:
    with pytest.raises(UnknownFact):
        bool(UNKNOWN)
    assert copy.deepcopy(UNKNOWN) is UNKNOWN
    assert pickle.loads(pickle.dumps(UNKNOWN)) is UNKNOWN


def test_none_is_known() -> None:
    assert ModelFacts(quantization=None).quantization is None
    assert ModelFacts(quantization=None) != ModelFacts()


def test_frozen() -> None:
    with pytest.raises(AttributeError):
        facts_for().python = "3.9"  # type: ignore[misc]


def test_what_if() -> None:
    facts = facts_for()
    changed = facts.replace(gpus=(T4,))
    assert changed.gpus == (T4,) and facts.gpus == ()
    with pytest.raises(TypeError):
        facts.replace(gpu=(T4,))


def test_absent_unknown_and_broken_packages() -> None:
    facts = Facts(packages={"peft": None, "trl": Package(name="trl", problem="no METADATA")})
    assert facts.version("peft") is None
    with pytest.raises(UnknownFact, match="no METADATA"):
        facts.version("trl")
    with pytest.raises(UnknownFact, match=r"packages\.torch"):
        facts.version("torch")


def test_a_reason_holds_for_what_is_below_it() -> None:
    facts = Facts(
        reasons={"training": "no arguments were given", "training.evaluates": "it depends"}
    )
    assert facts.reason("training.evaluates") == "it depends"
    assert facts.reason("training.use_cache") == "no arguments were given"
    assert facts.reason("gpus") == ""


@pytest.mark.parametrize(
    "data",
    [
        [],
        None,
        {"gpu": []},
        {"model": {"modeltype": "gemma3"}},
        {"training": []},
        {"packages": {"torch": {"versions": "2.13"}}},
        {"gpus": [{"name": "T4", "speed": 1}]},
    ],
)
def test_another_shape_is_a_value_error(data: Any) -> None:
    with pytest.raises(ValueError):
        Facts.from_dict(data)


def test_facts_for_leaves_nothing_unknown() -> None:
    facts = facts_for()
    parts = (facts.torch, facts.model, facts.training, facts.checkpoint, facts.adapter)
    for record in (facts, *parts, facts.tokenizer):
        assert [name for name in record.field_names() if not record.known(name)] == []
