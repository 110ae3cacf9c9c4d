"""GC801 on tiny models: what is filled in, and what is left alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gemma_compat.errors import PatchTargetMissing
from gemma_compat.live.unwrap import unwrap
from gemma_compat.patching.ledger import Ledger
from gemma_compat.rules import find
from gemma_compat.rules.data.training_without_token_types import fill_token_types

from .. import tiny

RULE = find("GC801")
NAMES = {"gemma3": "token_type_ids", "paligemma": "token_type_ids", "gemma4": "mm_token_type_ids"}
HERE = [name for name in NAMES if name in tiny.available()]


def patched(model: Any) -> Ledger:
    ledger = Ledger(RULE.code, unwrap(model))
    assert RULE.patch is not None
    RULE.patch(unwrap(model), ledger)
    return ledger


def text_only(name: str) -> dict[str, torch.Tensor]:
    batch = tiny.batch(name)
    del batch[NAMES[name]]
    return batch


@pytest.mark.parametrize("name", HERE)
def test_training_on_text_is_as_with_the_token_types_of_text(name: str) -> None:
    given = tiny.build(name).train()(**tiny.batch(name), use_cache=False).loss
    model = tiny.build(name).train()
    ledger = patched(model)
    assert torch.equal(model(**text_only(name), use_cache=False).loss, given)
    ledger.revert()
    assert not any(module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize("name", HERE)
def test_also_below_peft_which_calls_forward_past_the_hooks(name: str) -> None:
    from peft import LoraConfig, get_peft_model

    lora = LoraConfig(r=4, target_modules=r".*language_model.*\.q_proj")
    model = get_peft_model(tiny.build(name), lora).train()
    patched(model)
    model(**text_only(name), use_cache=False).loss.backward()


@pytest.mark.parametrize("name", HERE)
def test_what_is_left_alone(name: str) -> None:
    inner = tiny.build(name).model if hasattr(tiny.build(name), "model") else tiny.build(name)
    ids = torch.ones(1, 4, dtype=torch.long)
    fine = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    args, filled = fill_token_types(inner.train(), (), fine)
    expected = 1 if name == "paligemma" else 0
    assert args == () and (filled[NAMES[name]] == expected).all()
    four_dimensional = torch.zeros(1, 1, 4, 4)
    for change in (
        {"pixel_values": torch.zeros(1)},
        {"pixel_values_videos": torch.zeros(1, 2, 3, 8, 8)},
        {"input_features": torch.zeros(1, 8)},
        {"anything_else": torch.zeros(1)},
        {"input_ids": torch.full_like(ids, 250)},  # the placeholder of an image
        {NAMES[name]: ids},
        {"attention_mask": four_dimensional},
        {"attention_mask": {"full_attention": four_dimensional}},
        {"past_key_values": object()},
        {"input_ids": None},
    ):
        assert fill_token_types(inner, (), {**fine, **change}) is None
    for more in ({"num_items_in_batch": torch.tensor(4)}, {"labels": ids}, {"use_cache": False}):
        assert fill_token_types(inner, (), {**fine, **more}) is not None
    assert fill_token_types(inner.eval(), (), fine) is None


def test_a_text_model_has_no_such_module() -> None:
    with pytest.raises(PatchTargetMissing):
        patched(tiny.build("gemma3_text"))
