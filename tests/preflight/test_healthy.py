"""Set-ups that people train with, and that must not be stopped: packing, chats, other losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import transformers

import gemma_compat
from gemma_compat import versions
from gemma_compat._preflight.result import Outcome

from .. import tiny
from ..live.compare import add_lora
from . import runs


def _packed() -> dict[str, Any]:
    """Three samples a row, told apart by their positions; no mask, no cache."""
    batch = runs.text()
    batch["input_ids"][:, ::8] = batch["labels"][:, ::8] = runs.BOS
    del batch["attention_mask"]
    return {**batch, "position_ids": torch.arange(8).repeat(8, 3)}


def _left_padded() -> dict[str, Any]:
    batch = runs.text()
    batch["input_ids"] = batch["input_ids"].roll(6, 1)
    batch["input_ids"][:, :6] = 0
    batch["attention_mask"][:, :6] = 0
    batch["labels"] = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    return batch


def _blocks() -> dict[str, Any]:
    """A long text cut into blocks: most begin in the middle of a document."""
    batch = tiny.batch("gemma3_text", size=8)
    batch["input_ids"][5:, 11] = batch["labels"][5:, 11] = runs.BOS
    return batch


def _ends_with_a_user() -> dict[str, Any]:
    """The last turn is the user's and is masked; the answer's end is trained."""
    batch = runs.chat()
    more = torch.tensor([[runs.START, 10, 108, 20, runs.END, 108]]).repeat(8, 1)
    made = {name: value[:, :-2] for name, value in batch.items()}
    made["input_ids"] = torch.cat([made["input_ids"], more], 1)
    made["labels"] = torch.cat([made["labels"], torch.full_like(more, -100)], 1)
    made["attention_mask"] = torch.cat([made["attention_mask"], torch.ones_like(more)], 1)
    return made


ROWS: dict[str, Callable[[], dict[str, Any]]] = {
    "packed": _packed,
    "left padded": _left_padded,
    "blocks": _blocks,
    "chat": runs.chat,
    "chat, all trained": lambda: runs.chat(masked=False),
    "chat that ends with a user": _ends_with_a_user,
    "no attention mask": lambda: {
        name: value for name, value in runs.text().items() if name != "attention_mask"
    },
}


SEE_EACH_OTHER = versions.contains("<4.53.1", transformers.__version__)


@pytest.mark.parametrize("settings", [{}, {"bf16": True}], ids=["float32", "bf16"])
@pytest.mark.parametrize("name", ROWS)
def test_rows_as_people_make_them_pass(name: str, settings: dict[str, Any], tmp_path: Any) -> None:
    if name == "packed" and SEE_EACH_OTHER:
        pytest.skip("packed samples see each other on this release (GC803)")
    rows, model = ROWS[name](), tiny.build("gemma3_text", attn="sdpa")
    model.config.use_cache = False
    run = runs.trainer(model, tmp_path, rows, **settings)
    result = gemma_compat.preflight(run, tokenizer=runs.tokenizer())
    assert result.ok, str(result)
    assert result.of("loss-agrees").outcome is Outcome.PASS, str(result)
    assert result.passes < 4, str(result)


@pytest.mark.skipif(SEE_EACH_OTHER, reason="packed samples see each other on it (GC803)")
def test_packed_samples_are_found_apart_without_the_cache() -> None:
    model = tiny.build("gemma3_text", attn="sdpa")
    batch = {name: value[:2] for name, value in _packed().items()}
    result = gemma_compat.preflight(model, {**batch, "use_cache": False})
    assert result.of("samples-are-apart").outcome is Outcome.PASS, str(result)


class Classes(torch.utils.data.Dataset):  # type: ignore[type-arg]
    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict[str, Any]:
        row = runs.Rows(runs.text())[index]
        return {"input_ids": row["input_ids"], "labels": index % 3}


def test_a_classifier_is_tried_without_the_checks_of_text(tmp_path: Any) -> None:
    cls = getattr(transformers, "Gemma3TextForSequenceClassification", None)
    if cls is None:
        pytest.skip("this release has no classifier of this family")
    config = tiny.build("gemma3_text").config
    config.num_labels = 3
    result = gemma_compat.preflight(runs.trainer(cls(config), tmp_path, Classes()))
    assert result.ok and result.of("training-step-runs").outcome is Outcome.PASS, str(result)
    assert result.of("labels-train").outcome is Outcome.NOT_RUN


# Before it, a smoothed loss is multiplied by the accumulation steps (seen on 4.57.6).
DIVIDES = versions.contains(">=5.15.0", transformers.__version__)


def _smooth() -> dict[str, Any]:
    return {"label_smoothing_factor": 0.1, "gradient_accumulation_steps": 2 if DIVIDES else 1}


def _mean_by_hand(output: Any, labels: Any, num_items_in_batch: Any = None) -> Any:
    loss = torch.nn.functional.cross_entropy(
        output.logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), reduction="sum"
    )
    return loss / num_items_in_batch


@pytest.mark.parametrize("name", ["smoothed", "by hand", "LoRA with dropout"])
def test_losses_as_people_change_them_pass(name: str, tmp_path: Any) -> None:
    model = tiny.build("gemma3_text")
    given: dict[str, Any] = {}
    if name == "smoothed":
        given = _smooth()
    elif name == "by hand":
        given = {
            "keywords": {"compute_loss_func": _mean_by_hand},
            "gradient_accumulation_steps": 4,
        }
    else:
        model = add_lora(model)
    result = gemma_compat.preflight(runs.trainer(model, tmp_path, **given))
    assert result.ok, str(result)


class Linear4bit(torch.nn.Linear):
    """As bitsandbytes' by its name: an evaluation on a CPU would repack its weights."""

    compute_dtype = torch.bfloat16


def test_four_bits_on_a_cpu_are_not_evaluated_and_that_is_told() -> None:
    model = tiny.build("gemma3_text")
    old = model.model.layers[0].mlp.down_proj
    new = Linear4bit(old.in_features, old.out_features, bias=False)
    new.weight.data.copy_(old.weight.data)
    model.model.layers[0].mlp.down_proj = new
    evaluated: list[int] = []
    new.register_forward_hook(lambda module, args, output: evaluated.append(not module.training))
    result = gemma_compat.preflight(model, runs.text(2))
    assert result.ok and not any(evaluated), str(result)
    assert "every gradient after that is 0" in result.of("evaluation-runs").figure
    assert result.of("loss-agrees").outcome is Outcome.NOT_RUN
