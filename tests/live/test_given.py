"""`patch`, `diagnose` and `preflight` take a Trainer in the place of a model."""

from __future__ import annotations

from typing import Any

import pytest

import gemma_compat
from gemma_compat.live.trainer import Given, given_by

from .. import tiny
from .trainers import trainer


def test_a_trainer_brings_its_model_arguments_and_tokenizer(tmp_path: Any) -> None:
    model = tiny.build("gemma2")
    made = trainer(model, "gemma2", tmp_path)
    made.processing_class = tokenizer = object()
    assert given_by(made) == Given(model, made.args, tokenizer, has_trainer=True)
    assert given_by(made, {"bf16": False}, "dir") == Given(model, {"bf16": False}, "dir", True)
    assert given_by(model) == Given(model, None, None, has_trainer=False)


def test_what_a_trainer_has_read_already_is_left_to_the_user(tmp_path: Any) -> None:
    model = tiny.build("gemma3")
    made = trainer(model, "gemma3", tmp_path, gradient_accumulation_steps=4)
    before = {finding.rule.code for finding in gemma_compat.diagnose(made).findings}
    if "GC501" not in before:
        pytest.skip("this release divides by the count itself")
    applied = gemma_compat.patch(made)
    assert "GC501" not in applied.codes
    assert "GC501" in {finding.rule.code for finding in applied.plan.manual}
    applied.revert()
