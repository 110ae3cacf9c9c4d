"""Load a checkpoint whose names the class does not ask for, and look at the loss.

A text model of 256 tokens that knows nothing has a loss of ln(256) = 5.55 or more on random
tokens; so has every tiny model. What is compared is therefore the weights.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

import torch

import gemma_compat
from gemma_compat.live.tree import text_models
from tests import tiny
from tests.evidence.observation import Case, Observation
from tests.live.saved import save, trained

MODEL_TYPES = ("gemma3_text", "gemma2", "gemma3", "gemma3n_text", "gemma4_text", "paligemma")
RENAMED, AS_SAVED, FROM_CONFIG = (
    "tensors renamed by hand",
    "the checkpoint as it was saved",
    "made from a config, nothing loaded",
)
VARIANTS = (RENAMED, AS_SAVED, FROM_CONFIG)


def observe(case: Case) -> Observation:
    saved = trained(case.model_type)
    with tempfile.TemporaryDirectory() as folder:
        save(saved, folder)
        if case.variant == RENAMED:
            _rename(os.path.join(folder, "model.safetensors"))
        model = _model(case, saved, folder)
        facts = gemma_compat.detect_facts(model=model)
    wrong = _differing(saved, model)
    broken = bool(wrong) and case.variant != FROM_CONFIG
    return Observation(facts, broken, f"{wrong} weights of the text model are not as saved")


def _model(case: Case, saved: Any, folder: str) -> Any:
    if case.variant == FROM_CONFIG:
        return tiny.build(case.model_type)  # to be trained from the start: as it is meant to be
    return type(saved).from_pretrained(folder)


def _rename(file: str) -> None:
    from safetensors.torch import load_file, save_file

    tensors = {f"mine.{name}": value for name, value in load_file(file).items()}
    save_file(tensors, file, metadata={"format": "pt"})


def _differing(saved: Any, loaded: Any) -> int:
    (_, one), (_, other) = (text_models(model)[0] for model in (saved, loaded))
    expected = one.state_dict()
    return sum(
        not torch.equal(value.float(), expected[name].float())
        for name, value in other.state_dict().items()
    )
