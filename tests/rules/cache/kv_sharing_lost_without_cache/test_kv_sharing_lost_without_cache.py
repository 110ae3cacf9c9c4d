from __future__ import annotations

from typing import Any

import pytest

from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.engine.plan import make_plan
from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.rules.made import answer, facts

RULE = find("GC104")
PLAIN = {"gradient_checkpointing": False, "external_checkpointing": False}
BY_HAND = {"trainer": False, **PLAIN}
CHECKPOINTED = {"trainer": False, "gradient_checkpointing": True}
BY_TRAINER = {"trainer": True, "use_cache": False, **PLAIN}


def sharing(model_type: str, layers: int = 10, **more: Any) -> dict[str, Any]:
    return {"model_type": model_type, "num_kv_shared_layers": layers, "use_cache": True, **more}


@pytest.mark.parametrize("model_type", ["gemma3n", "gemma3n_text"])
@pytest.mark.parametrize(
    ("release", "training", "expected"),
    [
        ("4.52.4", CHECKPOINTED, "no"),
        ("4.53.0", BY_HAND, "fires"),  # no cache is built in training, whatever is asked for
        ("4.57.6", BY_HAND, "fires"),
        ("5.0.0rc0", BY_HAND, "fires"),
        ("5.0.0rc1", BY_HAND, "no"),
        ("5.0.0rc1", CHECKPOINTED, "fires"),
        ("5.5.4", BY_HAND, "no"),
        ("5.5.4", CHECKPOINTED, "fires"),
        ("5.6.0", CHECKPOINTED, "no"),
        ("5.6.0.dev0", CHECKPOINTED, "? packages.transformers"),
        (None, CHECKPOINTED, "? packages.transformers"),
    ],
)
def test_gemma3n(
    model_type: str, release: str | None, training: dict[str, Any], expected: str
) -> None:
    assert answer(RULE, facts(release, sharing(model_type), training)) == expected


@pytest.mark.parametrize("model_type", ["gemma4", "gemma4_text"])
@pytest.mark.parametrize(
    ("release", "training", "expected"),
    [
        ("5.5.0", BY_HAND, "no"),
        ("5.5.0", CHECKPOINTED, "fires"),
        ("5.5.1", CHECKPOINTED, "fires"),
        ("5.5.2", CHECKPOINTED, "no"),
    ],
)
def test_gemma4(model_type: str, release: str, training: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts(release, sharing(model_type, 18), training)) == expected


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        (sharing("gemma4"), BY_TRAINER, "fires"),
        (sharing("gemma4"), {**BY_TRAINER, "use_cache": True}, "no"),
        (sharing("gemma3n_text"), BY_TRAINER, "fires"),
        # It reads use_cache from its text config, and a Trainer writes to the one above.
        (sharing("gemma3n"), BY_TRAINER, "no"),
        (sharing("gemma4", use_cache=False), BY_HAND, "fires"),
        (sharing("gemma4", gradient_checkpointing=True), {}, "fires"),
        (sharing("gemma4"), {**BY_HAND, "external_checkpointing": True}, "fires"),
        (sharing("gemma4", 0), CHECKPOINTED, "no"),  # 31B and 26B-A4B share nothing
        (sharing("gemma3"), CHECKPOINTED, "no"),
        (sharing("gemma4"), {}, "? training.trainer"),
        (sharing("gemma4"), {"gradient_checkpointing": True}, "fires"),
        ({"model_type": "gemma4", "use_cache": True}, CHECKPOINTED, "? model.num_kv_shared_layers"),
    ],
)
def test_conditions(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts("5.5.1", model, training)) == expected


def planned(training: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The codes that are patched, and the reasons of what is skipped."""
    made: Facts = facts("5.5.1", sharing("gemma4", peft="LORA"), training)
    plan = make_plan(judge_all(made, [RULE]))
    return [item.rule.code for item in plan.patches], [skip.reason for skip in plan.skips]


def test_refused_where_checkpointing_must_be_reentrant() -> None:
    zero3 = {**BY_TRAINER, "deepspeed_stage": 3}
    codes, reasons = planned({**zero3, "gradient_checkpointing": True})
    assert not codes and "ZeRO-3" in reasons[0]
    assert planned(zero3) == (["GC104"], [])
    assert planned({**zero3, "deepspeed_stage": 2, "gradient_checkpointing": True})[0] == ["GC104"]


def test_applied_ahead_where_only_the_run_is_unknown() -> None:
    assert planned({}) == (["GC104"], [])


def test_what_it_says() -> None:
    problem = RULE.describe(facts("5.5.1", sharing("gemma4", 18), CHECKPOINTED))
    assert "18 layers" in problem.message and "5.5.1" in problem.message
    assert "transformers>=5.5.2" in problem.help
    problem = RULE.describe(facts("4.57.6", sharing("gemma3n"), CHECKPOINTED))
    assert "transformers>=5.6.0" in problem.help
    assert RULE.silent and not RULE.symptoms
