"""Merge an adapter on the output layer, and compare the loss before and after."""

from __future__ import annotations

from typing import Any

import torch

import gemma_compat
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma3_text", "gemma2", "gemma3n_text", "gemma4_text")
HEAD, EMBEDDINGS, LAYERS = "LoRA on lm_head", "LoRA on embed_tokens", "LoRA on q_proj alone"
VARIANTS = (HEAD, EMBEDDINGS, LAYERS)
_TARGETS = {HEAD: ["q_proj", "lm_head"], EMBEDDINGS: ["q_proj", "embed_tokens"], LAYERS: ["q_proj"]}


def observe(case: Case) -> Observation:
    model = _adapted(case)
    facts = gemma_compat.detect_facts(model=model)
    batch = tiny.batch(case.model_type)
    with torch.no_grad():
        before = float(model.eval()(**batch, use_cache=_cache(case)).loss)
        merged = model.merge_and_unload().eval()
        after = float(merged(**batch, use_cache=_cache(case)).loss)
    broken = abs(after - before) > 1e-3
    return Observation(facts, broken, f"loss {before:.4f} with the adapter, {after:.4f} merged")


def _cache(case: Case) -> bool:
    """Gemma 3n and 4 lose shared keys and values without one on older releases."""
    return case.model_type in {"gemma3n_text", "gemma4_text"}


def _adapted(case: Case) -> Any:
    import peft

    model = tiny.build(case.model_type)
    config = peft.LoraConfig(r=4, lora_alpha=8, target_modules=_TARGETS[case.variant])
    torch.manual_seed(1)
    adapted = peft.get_peft_model(model, config)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_" in name:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return adapted
