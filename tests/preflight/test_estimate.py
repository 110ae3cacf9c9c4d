"""What a step is estimated to take is never less than what its tensors took, counted one by one."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import gemma_compat

from .. import tiny
from . import runs
from .test_memory import Held, held_bytes

SIZES = {
    "hidden_size": 256,
    "intermediate_size": 1024,
    "head_dim": 64,
    "num_hidden_layers": 6,
    "vocab_size": 4096,
    "max_position_embeddings": 1024,
}
CHECKPOINTED = {
    "gradient_checkpointing": True,
    "gradient_checkpointing_kwargs": {"use_reentrant": False},
}
HALF, SINGLE = torch.bfloat16, torch.float32
RUNS: dict[str, tuple[torch.dtype, bool, dict[str, Any]]] = {
    "all weights": (SINGLE, False, {}),
    "all weights, bf16": (HALF, False, {}),
    "all weights, autocast, checkpointed": (SINGLE, False, {"bf16": True, **CHECKPOINTED}),
    "LoRA": (SINGLE, True, {}),
    "LoRA, autocast": (SINGLE, True, {"bf16": True}),
    "LoRA, bf16": (HALF, True, {}),
    "LoRA, bf16, autocast": (HALF, True, {"bf16": True}),
    "LoRA, bf16, autocast, checkpointed": (HALF, True, {"bf16": True, **CHECKPOINTED}),
}
QUICK = {"LoRA, bf16"}


def rows(count: int, tokens: int) -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    ids = torch.randint(3, 4000, (count, tokens), generator=draw)
    ids[:, 0] = runs.BOS
    return {"input_ids": ids, "labels": ids.clone(), "attention_mask": torch.ones_like(ids)}


@pytest.mark.parametrize(("count", "tokens"), [(1, 128), (4, 256)])
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.slow) for n in RUNS]
)
def test_a_step_takes_no_more_than_was_estimated(
    name: str, count: int, tokens: int, tmp_path: Any
) -> None:
    dtype, adapter, settings = RUNS[name]
    model = tiny.build("gemma3_text", dtype, attn="sdpa", **SIZES)
    model.config.use_cache = False
    if adapter:
        from peft import LoraConfig, get_peft_model

        model = get_peft_model(model, LoraConfig(r=16, target_modules="all-linear"))
    settings = {"per_device_train_batch_size": count, "max_steps": 2, **settings}
    run = runs.trainer(model, tmp_path, rows(2 * count, tokens), **settings)
    estimated = gemma_compat.estimate_memory(run).step(count, tokens)
    with Held() as held:
        run.train()
    taken = held_bytes(run.model) + held.peak
    assert estimated and taken <= estimated <= 1.35 * taken, estimated / taken
