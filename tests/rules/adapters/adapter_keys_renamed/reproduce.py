"""Load an adapter in each of the three layouts that releases wrote, and compare its tensors."""

from __future__ import annotations

import os
import re
import tempfile
import warnings
from typing import Any

import torch

import gemma_compat
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma3", "paligemma")
BEFORE_4_52, FROM_4_52, FROM_5_6 = "as before 4.52", "as from 4.52 on", "as from 5.6 on"
VARIANTS = (BEFORE_4_52, FROM_4_52, FROM_5_6)
# Newer ones translate otherwise: rows of PEFT 0.18.1 to 0.20.0 were made with 5.23.0 here, too.
PINS = {"transformers": "4.57.6"}
_LAYOUTS = {
    BEFORE_4_52: ("language_model.model.", "vision_tower.vision_model."),
    FROM_4_52: ("model.language_model.", "model.vision_tower.vision_model."),
    FROM_5_6: ("model.language_model.", "model.vision_tower."),
}


def observe(case: Case) -> Observation:
    import peft

    adapted = _adapted(case.model_type)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adapted.save_pretrained(folder)
        _rewrite(os.path.join(folder, "adapter_model.safetensors"), *_LAYOUTS[case.variant])
        model = tiny.build(case.model_type)
        facts = gemma_compat.detect_facts(model=model, adapter=folder)
        loaded = peft.PeftModel.from_pretrained(model, folder)
    expected, found = _tensors(adapted), _tensors(loaded)
    wrong = [name for name, value in expected.items() if not torch.equal(value, found[name])]
    towers = sum("vision" in name for name in wrong)
    seen = f"{len(wrong)} of {len(expected)} tensors not as saved, {towers} of them of the tower"
    return Observation(facts, bool(wrong), seen)


def _adapted(name: str) -> Any:
    import peft

    model = peft.get_peft_model(tiny.build(name), peft.LoraConfig(r=2, target_modules=["q_proj"]))
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in _tensors(model).values():
            parameter.copy_(torch.randn_like(parameter))
    return model


def _tensors(model: Any) -> dict[str, Any]:
    return {name: value for name, value in model.named_parameters() if "lora_" in name}


def _rewrite(file: str, text: str, vision: str) -> None:
    from safetensors.torch import load_file, save_file

    tensors = {_renamed(name, text, vision): value for name, value in load_file(file).items()}
    save_file(tensors, file, metadata={"format": "pt"})


def _renamed(name: str, text: str, vision: str) -> str:
    """A name as any release wrote it, in the layout asked for."""
    name = name.removeprefix("base_model.model.").removeprefix("model.")
    name = re.sub(r"^language_model\.(model\.)?", text, name)
    name = re.sub(r"^vision_tower\.(vision_model\.)?", vision, name)
    return f"base_model.model.{name}"
