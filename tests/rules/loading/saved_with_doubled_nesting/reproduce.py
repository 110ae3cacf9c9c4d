"""Save a multimodal model, look at the names, and load it again."""

from __future__ import annotations

import tempfile

import torch

import gemma_compat
from gemma_compat.detect.checkpoint import read_checkpoint
from tests.evidence.observation import Case, Observation
from tests.live.saved import save, trained

MODEL_TYPES = ("gemma3", "paligemma")
VARIANTS = ("the whole model is saved",)


def observe(case: Case) -> Observation:
    model = trained(case.model_type)
    facts = gemma_compat.detect_facts(model=model)
    if case.patched:
        gemma_compat.patch(model, select=["GC606"])
    with tempfile.TemporaryDirectory() as folder:
        save(model, folder)
        again = type(model).from_pretrained(folder)
        names = read_checkpoint(folder)[0].names
    norm = next(name for name in names if "layers.*.input_layernorm" in name)
    expected = model.state_dict()
    lost = sum(not torch.equal(value, expected[name]) for name, value in again.state_dict().items())
    broken = norm.startswith("model.language_model.model.") or bool(lost)
    return Observation(facts, broken, f"{norm}; {lost} weights differ when loaded again")
