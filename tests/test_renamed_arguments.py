"""Lines to type name checkpointing's arguments as the transformers at hand does."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.facts import Facts
from gemma_compat.rules import all_rules
from gemma_compat.tables.renamed_arguments import renamed, renamed_for

from .conftest import facts_for

_CASES = [
    ("gradient_checkpointing=True (slower)", "activation_checkpointing=True (slower)"),
    ("x, gradient_checkpointing_kwargs={}", "x, activation_checkpointing_kwargs={}"),
    ("model.gradient_checkpointing_enable()", "model.activation_checkpointing_enable()"),
    # PEFT's argument, Unsloth's, and prose stay as they are.
    ("by the name gradient_checkpointing_kwargs, in PEFT", None),
    ("use_gradient_checkpointing=True", None),
    ("gradient checkpointing is on", None),
]


@pytest.mark.parametrize(("old", "new"), _CASES)
def test_the_new_name_from_5_23_on(old: str, new: str | None) -> None:
    assert renamed(old, facts_for("gemma3", "5.23.0")) == (new or old)
    assert renamed(old, facts_for("gemma3", "5.22.0")) == old
    assert renamed(old, Facts()) == old
    assert renamed_for(old, SimpleNamespace(activation_checkpointing_enable=1)) == (new or old)
    assert renamed_for(old, SimpleNamespace()) == old


@pytest.mark.parametrize(("version", "prefix"), [("5.24.0", "activation"), ("5.22.0", "gradient")])
def test_a_finding_says_what_this_release_takes(version: str, prefix: str) -> None:
    shared = {"num_kv_shared_layers": 2, "num_hidden_layers": 6}
    run = {"gradient_checkpointing": True, "use_reentrant": True}
    found = judge_all(facts_for("gemma4", version, model=shared, training=run), all_rules())
    help = {item.rule.code: item.problem.help for item in found.findings}["GC201"]
    assert help.startswith(f"{prefix}_checkpointing_kwargs=")
    assert "by the name gradient_checkpointing_kwargs, in prepare_model" in help
