"""Preflight costs less than four passes of the batch, also where the batch is one short row."""

from __future__ import annotations

from typing import Any

import pytest
import torch
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
    # The reference was made before, to see whether the weights know these rows.
    assert result.of("loss-agrees").passes > 0.3
    assert "the network is right" in result.of("loss-agrees").figure
    assert result.passes < 4, str(result)


class Focal(transformers.Trainer):
    """Computes its own loss, as it is meant."""

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, **_: Any) -> Any:
        output = model(**{k: v for k, v in inputs.items() if k != "labels"}, use_cache=False)
        logits, labels = output.logits[:, :-1], inputs["labels"][:, 1:]
        losses = torch.nn.functional.cross_entropy(logits.mT, labels, reduction="none")
        loss = ((1 - (-losses).exp()) ** 2 * losses).sum() / (labels != -100).sum()
        items = _.get("num_items_in_batch")
        loss = loss if items is None else loss * (labels != -100).sum() / items
        return (loss, output) if return_outputs else loss


@pytest.mark.parametrize(
    ("words", "rows", "is_compared"),
    [("paris", 1, False), (" ".join(runs.WORDS * 3), 4, True), (" ".join(runs.WORDS * 9), 4, True)],
    ids=["short", "some", "long"],
)
def test_a_loss_of_the_scripts_own_is_explained_by_what_is_left_over(
    words: str, rows: int, is_compared: bool, tmp_path: Any
) -> None:
    """With checkpointing and accumulation it took 5.67 passes; the direction of the gradient waits
    for those that both need.
    """
    keywords = {"eval_dataset": runs.Rows(runs.chat(4, words))}
    settings = {**EVERYTHING, "per_device_train_batch_size": rows}
    run = runs.trainer(
        tiny.build("gemma3_text"), tmp_path, runs.chat(16, words), Focal, keywords, **settings
    )
    result = gemma_compat.preflight(run, tokenizer=runs.tokenizer())
    assert result.ok and result.passes < 4, str(result)
    for name in ("loss-agrees", "gradients-agree", "accumulation-keeps-scale", "evaluation-runs"):
        assert result.of(name).outcome is Outcome.PASS, name
    said = "the direction of its gradient was not looked at" in result.of("loss-agrees").figure
    assert said is not is_compared
