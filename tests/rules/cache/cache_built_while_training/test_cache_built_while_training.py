from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.engine.diagnosis import judge, judge_all
from gemma_compat.engine.plan import make_plan
from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.rules.made import answer, around, facts

RULE = find("GC102")
MODEL = {"model_type": "gemma3", "use_cache": True}
RUN = {"evaluates": True, "trainer": False}


def contract_facts() -> Iterator[Facts]:
    """On both sides of 5.0, with and without shared layers, and with a Gemma 1 inside."""
    models = ({}, {"num_kv_shared_layers": 0}, {"text_model_type": "gemma"}, {"use_cache": False})
    for release in ("4.57.6", "5.0.0rc0", "5.23.0"):
        yield from around(RULE, release, *({"model": model, "training": RUN} for model in models))


@pytest.mark.parametrize(
    ("release", "training", "expected"),
    [
        ("5.0.0rc0", {"evaluates": False}, "no"),
        ("5.0.0rc0", {"evaluates": True}, "fires"),
        ("5.0.0rc0", {}, "? training.evaluates"),
        ("5.0.0rc1", {"evaluates": False}, "fires"),
        ("5.0.0rc1", {}, "fires"),
        ("4.50.3", {"evaluates": True}, "fires"),
        ("4.50.3", {"evaluates": False}, "no"),
        ("5.23.0", {}, "fires"),
        (None, {"evaluates": True}, "? packages.transformers"),
    ],
)
def test_releases(release: str | None, training: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts(release, MODEL, training)) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"use_cache": False}, "no"),
        ({"model_type": "gemma"}, "fires"),
        ({"model_type": "gemma4_unified", "num_kv_shared_layers": 0}, "fires"),
        ({"model_type": "t5gemma", "num_kv_shared_layers": 0}, "no"),
        ({"model_type": "gemma4"}, "? model.num_kv_shared_layers"),
        ({"model_type": "gemma4", "num_kv_shared_layers": 0}, "fires"),
        ({"model_type": "gemma4", "num_kv_shared_layers": 18}, "no"),
        ({"model_type": "gemma3n_text", "num_kv_shared_layers": 10}, "no"),
        ({"model_type": "gemma9", "num_kv_shared_layers": 0}, "fires"),
        ({"model_type": "gemma9"}, "? model.num_kv_shared_layers"),
        ({"model_type": "llama"}, "no"),
    ],
)
def test_models(model: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts("5.23.0", {**MODEL, **model}, {})) == expected


@pytest.mark.parametrize(
    ("release", "training", "says"),
    [
        ("4.57.6", {"evaluates": True}, "in every evaluation"),
        ("5.23.0", {}, "in every training step"),
        ("5.23.0", {"trainer": True, "use_cache": True}, "in every training step"),
        ("5.23.0", {"trainer": True, "use_cache": False}, "saves it with every checkpoint"),
    ],
)
def test_message(release: str, training: dict[str, Any], says: str) -> None:
    found = judge(RULE, facts(release, MODEL, training))
    assert found is not None and says in found.problem.message  # type: ignore[union-attr]


def test_it_is_planned_ahead_of_an_evaluation() -> None:
    """Whether a run evaluates is often unknown; the patch costs nothing."""
    made = facts("4.50.3", MODEL, {})
    plan = make_plan(judge_all(made, [RULE]))
    assert [(item.rule.code, item.preventive) for item in plan.patches] == [("GC102", True)]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"model_type": "gemma", "text_model_type": "gemma"}, "fires"),
        ({"model_type": "paligemma", "text_model_type": "gemma"}, "fires"),
        ({"model_type": "paligemma", "text_model_type": "gemma2"}, "no"),
    ],
)
def test_a_gemma_1_builds_one_before_5_too(model: dict[str, Any], expected: str) -> None:
    """g1.py of the audit: 4.50.3, 4.53.3, 4.56.2, 4.57.6."""
    made = facts("4.57.6", {**MODEL, **model}, {"evaluates": False})
    assert answer(RULE, made) == expected
