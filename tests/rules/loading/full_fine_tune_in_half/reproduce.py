"""Load a bfloat16 checkpoint as it comes, take AdamW steps, and count the weights that moved."""

from __future__ import annotations

import tempfile
from typing import Any

import torch

import gemma_compat
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.evidence.observation import Case, Observation
from tests.live.saved import save, trained

MODEL_TYPES = ("gemma3_text", "gemma2", "gemma3", "gemma3n_text", "gemma4_text")
DEFAULT, FLOAT32 = "loaded with no dtype named", "loaded as float32"
VARIANTS = (DEFAULT, FLOAT32)


def observe(case: Case) -> Observation:
    with tempfile.TemporaryDirectory() as folder:
        saved = trained(case.model_type, dtype=torch.bfloat16)
        save(saved, folder)
        options = {"torch_dtype": torch.float32} if case.variant == FLOAT32 else {}
        model = type(saved).from_pretrained(folder, **options)
    training = TrainingFacts(peft=False, distributed="no", mixed_precision="bf16")
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    moved = _share_that_moves(model, case.model_type)
    return Observation(
        facts, moved < 0.5, f"{moved:.0%} of the weights moved in 3 steps at lr 1e-5"
    )


def _share_that_moves(model: Any, name: str) -> float:
    """Of the decoder layers' matrices, which all get a gradient."""
    watched = [p for n, p in model.named_parameters() if "mlp.up_proj" in n]
    before = [parameter.detach().clone() for parameter in watched]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.0)
    for step in range(3):
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(**tiny.batch(name, seed=step)).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    moved = sum(int((now != old).sum()) for now, old in zip(watched, before, strict=True))
    return moved / sum(old.numel() for old in before)
