"""Preflight costs less than four passes of the batch, also where the batch is one short row."""

from __future__ import annotations

from typing import Any

import pytest
import transformers

import gemma_compat
from gemma_compat import versions
from gemma_compat._preflight.result import Outcome

from .. import tiny
from . import runs

EVERYTHING = {
    "gradient_checkpointing": True,
    "gradient_checkpointing_kwargs": {"use_reentrant": False},
    "gradient_accumulation_steps": 8,
    "per_device_train_batch_size": 1,
    "eval_strategy": "steps",
    "eval_steps": 2,
}


@pytest.mark.parametrize("words", ["paris", " ".join(runs.WORDS * 3)], ids=["short", "long"])
def test_what_is_not_the_runs_own_step_has_what_is_left_over(words: str, tmp_path: Any) -> None:
    rows = runs.chat(8, words)
    keywords = {"eval_dataset": runs.Rows(runs.chat(2, words))}
    run = runs.trainer(tiny.build("gemma3_text"), tmp_path, rows, keywords=keywords, **EVERYTHING)
    result = gemma_compat.preflight(run, tokenizer=runs.tokenizer())
    assert result.ok and result.passes < 4, str(result)
    for name in ("loss-agrees", "gradients-agree", "accumulation-keeps-scale", "evaluation-runs"):
        assert result.of(name).outcome is Outcome.PASS, name


def test_a_batch_with_room_has_its_answers_and_its_english_tried(tmp_path: Any) -> None:
    rows = runs.chat(8, " ".join(runs.WORDS))
    run = runs.trainer(tiny.build("gemma3_text"), tmp_path, rows, per_device_train_batch_size=4)
    result = gemma_compat.preflight(run, tokenizer=runs.tokenizer())
    assert result.of("model-knows-english").passes > 0
    assert result.of("answers-fit-their-prompts").passes > 0
    assert result.passes < 4


def _packed() -> dict[str, Any]:
    """Return rows of two samples each, told apart by their positions."""
    import torch

    rows = runs.chat(16, " ".join(runs.WORDS), masked=False)
    ids = rows["input_ids"][:, :-2]  # without the padding, which all of them have
    places = torch.arange(ids.shape[1]).repeat(8, 2)
    ids = ids.reshape(8, -1)
    return {"input_ids": ids, "labels": ids.clone(), "position_ids": places}


def test_packed_samples_are_compared_on_as_many_tokens_as_are_left(tmp_path: Any) -> None:
    model = tiny.build("gemma3_text")
    model.config.use_cache = False
    run = runs.trainer(model, tmp_path, _packed(), **{**EVERYTHING, "eval_strategy": "no"})
    result = gemma_compat.preflight(run, tokenizer=runs.tokenizer())
    told_apart = versions.contains(">=4.53.1", transformers.__version__)
    expected = Outcome.PASS if told_apart else Outcome.FAIL
    assert result.of("samples-are-apart").outcome is expected
    assert result.passes < 4, str(result)


def test_a_smoothed_loss_has_room_for_its_explanation(tmp_path: Any) -> None:
    rows = runs.chat(8)
    settings = {"label_smoothing_factor": 0.1, "gradient_accumulation_steps": 2}
    run = runs.trainer(tiny.build("gemma3_text"), tmp_path, rows, **settings)
    result = gemma_compat.preflight(run, tokenizer=runs.tokenizer())
    assert result.of("loss-agrees").passes > 1
    assert result.passes < 4, str(result)
