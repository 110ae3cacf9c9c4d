"""Load a checkpoint in each of the three layouts that releases wrote, and compare."""

from __future__ import annotations

import os
import re
import tempfile

import torch

import gemma_compat
from tests.evidence.observation import Case, Observation
from tests.live.saved import save, trained

MODEL_TYPES = ("gemma3", "paligemma")
DOUBLED, FLAT_TOWER, HUB = (
    "written by 5.4 or 5.5",
    "made from a config, written by 5.6 or newer",
    "the layout of the hub",
)
VARIANTS = (DOUBLED, FLAT_TOWER, HUB)


def observe(case: Case) -> Observation:
    saved = trained(case.model_type)
    with tempfile.TemporaryDirectory() as folder:
        save(saved, folder)
        _rewrite(os.path.join(folder, "model.safetensors"), case.variant)
        model = type(saved).from_pretrained(folder)
        facts = gemma_compat.detect_facts(model=model)
    expected, found = saved.state_dict(), model.state_dict()
    wrong = [name for name, value in found.items() if not torch.equal(value, expected[name])]
    return Observation(facts, bool(wrong), f"{len(wrong)} of {len(found)} weights are not as saved")


def _rewrite(file: str, layout: str) -> None:
    from safetensors.torch import load_file, save_file

    tensors = {_renamed(name, layout): value for name, value in load_file(file).items()}
    save_file(tensors, file, metadata={"format": "pt"})


def _renamed(name: str, layout: str) -> str:
    """A name as any release wrote it, in the layout asked for."""
    name = re.sub(r"^model\.language_model\.(model\.)?", "language_model.model.", name)
    name = re.sub(r"^(model\.)?vision_tower\.(vision_model\.)?", "vision_tower.vision_model.", name)
    name = name.removeprefix("model.")
    if layout == FLAT_TOWER:
        return name.replace("vision_tower.vision_model.", "vision_tower.")
    if layout == DOUBLED and not name.startswith("lm_head"):
        return f"model.{name}"
    return name
