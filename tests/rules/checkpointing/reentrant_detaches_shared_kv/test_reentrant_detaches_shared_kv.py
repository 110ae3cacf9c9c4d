from __future__ import annotations

from typing import Any

import pytest

from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.engine.plan import make_plan
from gemma_compat.facts import Package, UnslothFacts
from gemma_compat.rules import find
from tests.rules.made import answer, facts

RULE = find("GC201")
REENTRANT = {"gradient_checkpointing": True, "use_reentrant": True}
OFF = {"gradient_checkpointing": False, "use_reentrant": None}


def sharing(model_type: str = "gemma4", layers: int = 18, **more: Any) -> dict[str, Any]:
    live = {"gradient_checkpointing": False, "use_reentrant": None}
    return {"model_type": model_type, "num_kv_shared_layers": layers, **live, **more}


@pytest.mark.parametrize(
    ("release", "model_type", "expected"),
    [
        ("5.5.1", "gemma4", "no"),  # there GC104 covers it
        ("5.5.2", "gemma4", "fires"),
        ("5.23.0", "gemma4_text", "fires"),
        ("5.5.4", "gemma3n", "no"),
        ("5.6.0", "gemma3n", "fires"),
        ("5.23.0", "gemma3n_text", "fires"),
        ("6.1.0", "gemma4", "fires"),
        ("5.23.0", "gemma3", "no"),
        ("5.23.0", "gemma9", "fires"),  # newer than this release: judged by its config
        (None, "gemma4", "? packages.transformers"),
    ],
)
def test_releases(release: str | None, model_type: str, expected: str) -> None:
    assert answer(RULE, facts(release, sharing(model_type), REENTRANT)) == expected


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        (sharing(layers=0), REENTRANT, "no"),
        (sharing(), OFF, "no"),
        (sharing(), {"gradient_checkpointing": True, "use_reentrant": False}, "no"),
        (sharing(), {"gradient_checkpointing": True, "use_reentrant": None}, "no"),  # the default
        # What the layers do already: PEFT's k-bit preparation turned it on.
        (sharing(gradient_checkpointing=True, use_reentrant=True), OFF, "fires"),
        (sharing(gradient_checkpointing=True, use_reentrant=False), OFF, "no"),
        # The run sets the layers' function anew.
        (
            sharing(gradient_checkpointing=True, use_reentrant=True),
            {"gradient_checkpointing": True, "use_reentrant": False},
            "no",
        ),
        (sharing(gradient_checkpointing=True, use_reentrant=True), {}, "fires"),
        (
            sharing(gradient_checkpointing=True, use_reentrant=False),
            {},
            "? training.gradient_checkpointing",
        ),
        (sharing(), {}, "? training.gradient_checkpointing"),
        (sharing(), {"gradient_checkpointing": True}, "? training.use_reentrant"),
    ],
)
def test_conditions(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts("5.23.0", model, training)) == expected


def planned(model: dict[str, Any], training: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The codes that are patched, and the reasons of what is skipped."""
    plan = make_plan(judge_all(facts("5.23.0", model, training), [RULE]))
    return [item.rule.code for item in plan.patches], [skip.reason for skip in plan.skips]


def test_refused_under_zero3_with_peft() -> None:
    zero3 = {**REENTRANT, "deepspeed_stage": 3}
    codes, reasons = planned(sharing(peft="LORA"), zero3)
    assert not codes and "ZeRO-3" in reasons[0]
    problem = RULE.describe(facts("5.23.0", sharing(peft="LORA"), zero3))
    assert "no safe cure" in problem.help and "gemma_compat.patch" not in problem.help
    assert planned(sharing(peft=None), zero3) == (["GC201"], [])
    assert planned(sharing(peft="LORA"), {**REENTRANT, "deepspeed_stage": 2})[0] == ["GC201"]


def test_applied_ahead_where_only_the_run_is_unknown() -> None:
    assert planned(sharing(peft=None), {}) == (["GC201"], [])


def test_what_it_says() -> None:
    problem = RULE.describe(facts("5.23.0", sharing(), REENTRANT))
    assert "18 layers of this gemma4" in problem.message and "loss is right" in problem.message
    assert "'use_reentrant': False" in problem.help and "gemma_compat.patch" in problem.help
    assert RULE.silent and not RULE.symptoms


@pytest.mark.parametrize(
    ("zoo", "unsloth", "expected"),
    [
        ("2026.10.9", {"used": True, "carries_shared_kv": True}, "no"),
        ("2026.10.9", {"used": True, "carries_shared_kv": False}, "fires"),  # its CPU backend
        # No model in hand: by the releases.
        ("2026.10.9", {"used": True, "backend": "cuda"}, "no"),
        ("2026.10.9", {"used": True, "backend": "cpu"}, "fires"),
        ("2026.10.9", {}, "? unsloth.used"),
        ("2026.6.6", {}, "fires"),
        (None, {}, "fires"),
        ("2026.10.9", {"used": False}, "fires"),
    ],
)
def test_unsloth_keeps_these_gradients_itself(
    zoo: str | None, unsloth: dict[str, Any], expected: str
) -> None:
    made = facts("5.17.0", sharing(), REENTRANT)
    package = None if zoo is None else Package(name="unsloth-zoo", version=zoo)
    made = made.replace(
        packages={**made.packages, "unsloth-zoo": package}, unsloth=UnslothFacts(**unsloth)
    )
    assert answer(RULE, made) == expected
