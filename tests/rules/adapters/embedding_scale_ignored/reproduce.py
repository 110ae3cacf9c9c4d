"""Change an adapter by a known amount, and see how far the embeddings that come out move."""

from __future__ import annotations

from typing import Any

import torch

import gemma_compat
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma3_text", "gemma3", "gemma3n_text")
LORA, TOKENS, LAYERS = "LoRA on embed_tokens", "trainable_token_indices", "LoRA on q_proj alone"
VARIANTS = (LORA, TOKENS, LAYERS)
PINS = {"transformers": "4.57.6"}
_TRAINED = list(range(3, 10))
_IN_LAYERS = r".*layers\..*\.q_proj"
_OPTIONS: dict[str, dict[str, Any]] = {
    LORA: {"target_modules": ["embed_tokens"]},
    TOKENS: {"target_modules": _IN_LAYERS, "trainable_token_indices": _TRAINED},
    LAYERS: {"target_modules": _IN_LAYERS},
}


def observe(case: Case) -> Observation:
    import peft

    model = tiny.build(case.model_type)
    ids = torch.tensor([_TRAINED])
    rows = model.get_input_embeddings().weight.detach()[ids].clone()
    before = model.get_input_embeddings()(ids).detach()
    scale = float(before.norm() / rows.norm())
    config = peft.LoraConfig(r=2, **_OPTIONS[case.variant])
    adapted = peft.get_peft_model(model, config)
    facts = gemma_compat.detect_facts(model=adapted)
    change = _change(adapted)
    after = model.get_input_embeddings()(ids).detach()
    error = float((after - before - scale * change[ids]).abs().max())
    seen = f"embeddings off by {error:.4f}, at a scale of {scale:.1f}"
    return Observation(facts, error > 1e-3, seen)


def _change(adapted: Any) -> torch.Tensor:
    """Make every adapted row differ by one in each place; ``(vocabulary, hidden size)``."""
    layer = adapted.get_input_embeddings()
    change = torch.zeros(tiny.VOCAB, layer.weight.shape[1])
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "trainable_tokens_delta" in name:
                parameter.add_(1.0)
                change[_TRAINED] = 1.0
            if "lora_embedding_" in name:
                parameter.fill_(1.0)
        if hasattr(layer, "lora_embedding_A"):
            change = layer.get_delta_weight("default").detach()
    return change
