from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.engine.plan import Consent, make_plan
from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC501")
LIVE = {"live": True, "loss_ignores_token_count": True, "accepts_loss_kwargs": None}
RUN = {"trainer": True, "gradient_accumulation_steps": 4}


@pytest.mark.parametrize(
    ("release", "model_type", "expected"),
    [
        ("4.49.0", "gemma3", "no"),
        ("4.50.0", "gemma3", "fires"),
        ("4.56.2", "gemma3", "fires"),
        ("4.57.0", "gemma3", "no"),
        ("4.48.3", "paligemma", "fires"),
        ("4.51.3", "paligemma", "fires"),
        ("4.52.0", "paligemma", "no"),
        ("5.5.0", "gemma4", "fires"),
        ("5.5.4", "gemma4", "fires"),
        ("5.6.0", "gemma4", "no"),
        ("4.53.0", "gemma3n", "fires"),
        ("5.5.4", "gemma3n", "fires"),
        ("5.6.0", "gemma3n", "no"),
        ("5.5.4", "gemma3n_text", "no"),
        ("4.50.3", "gemma3_text", "no"),
        (None, "gemma3", "? packages.transformers"),
    ],
)
def test_releases(release: str | None, model_type: str, expected: str) -> None:
    assert answer(RULE, facts(release, {"model_type": model_type, **LIVE}, RUN)) == expected


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({}, {"gradient_accumulation_steps": 1}, "no"),
        ({}, {"trainer": False}, "no"),
        ({}, {"trainer": UNKNOWN}, "? training.trainer"),
        # What the class was seen to do wins over what its release does.
        ({"loss_ignores_token_count": False}, {}, "no"),
        ({"live": False, "loss_ignores_token_count": False}, {}, "no"),
        ({"loss_ignores_token_count": UNKNOWN}, {}, "? model.loss_ignores_token_count"),
        # A config file has no class to try, and no arguments were given: the release decides.
        ({"live": False, "loss_ignores_token_count": UNKNOWN}, {}, "fires"),
        (
            {"loss_ignores_token_count": UNKNOWN},
            {"gradient_accumulation_steps": UNKNOWN},
            "? training.gradient_accumulation_steps",
        ),
        ({"accepts_loss_kwargs": False}, {}, "no"),
        ({"accepts_loss_kwargs": True}, {}, "fires"),
    ],
)
def test_conditions(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    made = facts("4.50.3", {"model_type": "gemma3", **LIVE, **model}, {**RUN, **training})
    assert answer(RULE, made) == expected


def test_left_to_the_user_once_a_trainer_is_made() -> None:
    diagnosis = judge_all(facts("4.50.3", {"model_type": "gemma3", **LIVE}, RUN), [RULE])
    plan = make_plan(diagnosis, Consent(has_trainer=True))
    assert not plan.patches and [finding.rule.code for finding in plan.manual] == ["GC501"]
    assert "too late" in plan.skips[0].reason
    assert [item.rule.code for item in make_plan(diagnosis).patches] == ["GC501"]


def contract_facts() -> Iterator[Facts]:
    for model_type in sorted(RULE.model_types):
        for release in ("4.50.3", "4.56.2", "4.57.0", "5.5.4"):
            for steps in (1, 4):
                yield facts_for(
                    model_type,
                    release,
                    model={"loss_ignores_token_count": True},
                    training={"gradient_accumulation_steps": steps},
                )
