"""Give the output layer weights of its own, save, and read what the saved config says of them."""

from __future__ import annotations

import tempfile
from typing import Any

import torch

import gemma_compat
from tests import tiny
from tests.evidence.observation import Case, Observation
from tests.live.saved import save

MODEL_TYPES = ("gemma3_text", "gemma2", "gemma3", "gemma3n_text", "gemma4_text", "gemma4")
UNTIED, TIED = "an output layer of its own", "an output layer that is the embeddings"
VARIANTS = (UNTIED, TIED)


def observe(case: Case) -> Observation:
    model = tiny.build(case.model_type)
    if case.variant == UNTIED:
        head = model.get_output_embeddings()
        head.weight = torch.nn.Parameter(head.weight.detach() * 1.5)
    facts = gemma_compat.detect_facts(model=model)
    if case.patched:
        gemma_compat.patch(model, select=["GC607"])
    said, kept = _save_and_load(model)
    broken = case.variant == UNTIED and (said or not kept)
    return Observation(
        facts,
        broken,
        f"the saved config says tied: {said}; loaded again, the output layer is as saved: {kept}",
    )


def _save_and_load(model: Any) -> tuple[bool, bool]:
    """Whether any part of the saved config says tied, and whether loading keeps what was saved."""
    head = model.get_output_embeddings().weight.detach().clone()
    with tempfile.TemporaryDirectory() as folder:
        save(model, folder)
        again = type(model).from_pretrained(folder)
        config = type(model.config).from_pretrained(folder)
    parts = (config, getattr(config, "text_config", config))
    said = any(getattr(part, "tie_word_embeddings", True) is not False for part in parts)
    return said, torch.equal(again.get_output_embeddings().weight, head)
