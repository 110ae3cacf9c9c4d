"""What to type against a failure, made from the rule's fix."""

from __future__ import annotations

from typing import Any

import pytest

from gemma_compat.engine.help import upgrade_command
from gemma_compat.engine.rule import Applicability, Fix, Rule, Scope

from .conftest import facts_for
from .made import never_patched
from .made import rule as made_rule


def rule(**changes: Any) -> Rule:
    scopes = (
        Scope({"gemma3"}, {"transformers": "<5.6.0"}),
        Scope({"gemma4"}, {"transformers": "<5.5.2"}, fixed_in={"transformers": "5.5.2"}),
    )
    given: dict[str, Any] = {"applicability": Applicability.DISPLAY_ONLY, "scopes": scopes}
    return made_rule("GC101", **{**given, **changes})


@pytest.mark.parametrize(
    ("releases", "command"),
    [
        ({}, ""),
        ({"transformers": "4.51.0"}, "pip install -U 'transformers>=4.51.0'"),
        ({"peft": "0.18.0", "trl": ""}, "pip install -U 'peft>=0.18.0' trl"),
        ({"unsloth": "2026.9.3"}, "pip install -U 'unsloth>=2026.9.3'"),
        # Each release of unsloth_zoo belongs to one of unsloth.
        ({"unsloth-zoo": "2026.9.8"}, "pip install -U unsloth 'unsloth_zoo>=2026.9.8'"),
        (
            {"unsloth": "2026.6.3", "unsloth-zoo": ""},
            "pip install -U 'unsloth>=2026.6.3' unsloth_zoo",
        ),
        ({"flash-attn": "2.6.2"}, "pip install -U 'flash-attn>=2.6.2'"),
    ],
)
def test_upgrade(releases: dict[str, str], command: str) -> None:
    assert upgrade_command(releases) == command


@pytest.mark.parametrize(
    ("changes", "call"),
    [
        ({}, ""),
        (
            {"patch": never_patched, "applicability": Applicability.SAFE},
            "gemma_compat.patch(model)",
        ),
        (
            {"patch": never_patched, "applicability": Applicability.UNSAFE},
            "gemma_compat.patch(model, select=['GC101'])",
        ),
        (
            {"patch": never_patched, "applicability": Applicability.SAFE, "at_import": ("x",)},
            "",
        ),
    ],
)
def test_patch(changes: dict[str, Any], call: str) -> None:
    assert rule(**changes).patch_call == call


def test_each_alternative_is_there_in_this_order() -> None:
    fix = Fix(fixed_in={"transformers": "5.6.0"}, setting="use_cache=False", then="train again")
    made = rule(fix=fix, patch=never_patched, applicability=Applicability.SAFE)
    assert made.help(facts_for("gemma3")) == (
        "pip install -U 'transformers>=5.6.0', and train again, or use_cache=False, "
        "or gemma_compat.patch(model)"
    )
    made = rule(fix=Fix(setting="a=1", then="train again"))
    assert made.help(facts_for("gemma3")) == "a=1"


def test_a_scope_has_its_own_release() -> None:
    made = rule(fix=Fix(fixed_in={"transformers": "5.6.0"}))
    first, second = made.scopes
    facts = facts_for("gemma4")
    assert made.fixed_in(facts) == made.fixed_in(facts, second) == {"transformers": "5.5.2"}
    assert made.fixed_in(facts, first) == {"transformers": "5.6.0"}
    assert made.fixed_in(facts_for("gemma2")) == {"transformers": "5.6.0"}
