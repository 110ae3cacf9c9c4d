"""Random models of real shapes, from configs; and the tiny ones of the tests."""

from __future__ import annotations

from typing import Any

import torch

from .options import Options

_FIVE = ["sliding_attention"] * 4 + ["full_attention"]

# As in the published config.json of each; vocabulary included.
_GEMMA3_1B = {
    "vocab_size": 262144,
    "hidden_size": 1152,
    "intermediate_size": 6912,
    "num_hidden_layers": 26,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 256,
    "query_pre_attn_scalar": 256,
    "sliding_window": 512,
    "max_position_embeddings": 32768,
}
_GEMMA3N_E2B = {
    "vocab_size": 262400,
    "vocab_size_per_layer_input": 262144,
    "hidden_size": 2048,
    "hidden_size_per_layer_input": 256,
    "intermediate_size": 8192,
    "num_hidden_layers": 30,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "num_kv_shared_layers": 10,
    "head_dim": 256,
    "sliding_window": 512,
    "layer_types": _FIVE * 6,
    "activation_sparsity_pattern": [0.95] * 10 + [0.0] * 20,
}
_GEMMA4_E2B = {
    "vocab_size": 262144,
    "vocab_size_per_layer_input": 262144,
    "hidden_size": 1536,
    "hidden_size_per_layer_input": 256,
    "intermediate_size": 6144,
    "num_hidden_layers": 35,
    "num_attention_heads": 8,
    "num_key_value_heads": 1,
    "num_kv_shared_layers": 20,
    "use_double_wide_mlp": True,
    "head_dim": 256,
    "global_head_dim": 512,
    "sliding_window": 512,
    "layer_types": _FIVE * 7,
    "final_logit_softcapping": 30.0,
}
SHAPES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "gemma3_text": ("Gemma3ForCausalLM", "Gemma3TextConfig", _GEMMA3_1B),
    "gemma3n_text": ("Gemma3nForCausalLM", "Gemma3nTextConfig", _GEMMA3N_E2B),
    "gemma4_text": ("Gemma4ForCausalLM", "Gemma4TextConfig", _GEMMA4_E2B),
    # The sizes of these come from ``large``.
    "gemma2": ("Gemma2ForCausalLM", "Gemma2Config", {}),
    "recurrent_gemma": ("RecurrentGemmaForCausalLM", "RecurrentGemmaConfig", {}),
    "gemma3": ("Gemma3ForConditionalGeneration", "Gemma3Config", {}),
    "gemma4": (
        "Gemma4ForConditionalGeneration",
        "Gemma4Config",
        {"text_config": _GEMMA4_E2B, "audio_config": None},
    ),
}
_ATTENTION = {"recurrent_gemma": "eager"}  # the one name it takes; its own code calls sdpa
NAMES = {"gemma3_text": "Gemma 3 1B", "gemma3n_text": "Gemma 3n E2B", "gemma4_text": "Gemma 4 E2B"}
BATCH, TOKENS = 2, 1024


def build(model_type: str, options: Options, dtype: Any = None, **changes: Any) -> Any:
    """A model in training mode on the device; the same weights for the same arguments.

    Args:
        model_type: a key of ``SHAPES``.
        dtype: of all weights; if not given bfloat16, or float32 on a CPU, where it is faster.
        changes: fields of the config.
    """
    import transformers

    dtype = dtype or (torch.bfloat16 if options.device == "cuda" else torch.float32)
    attention = _ATTENTION.get(model_type, "sdpa")
    if options.tiny:
        from tests import tiny

        return tiny.build(model_type, dtype, attention, **changes).to(options.device).train()
    model_class, config_class, sizes = SHAPES[model_type]
    config = getattr(transformers, config_class)(**{**sizes, **changes})
    config._attn_implementation = attention
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(options.device):
            model = getattr(transformers, model_class)(config)
    finally:
        torch.set_default_dtype(before)
    return model.train()


def batch(model: Any, options: Options, left_padding: int = 0) -> dict[str, Any]:
    """``(BATCH, TOKENS)`` random ids, their mask and labels; the first row padded on the left."""
    rows, tokens = (2, 24) if options.tiny else (BATCH, TOKENS)
    generator = torch.Generator().manual_seed(3)
    top = min(model.config.vocab_size, 200_000)
    ids = torch.randint(3, top, (rows, tokens), generator=generator).to(options.device)
    mask, labels = torch.ones_like(ids), ids.clone()
    if left_padding:
        mask[0, :left_padding] = 0
        labels[0, :left_padding] = -100
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def is_finite(tensors: Any) -> bool:
    """Whether every element of every tensor is a number."""
    return all(bool(torch.isfinite(tensor).all()) for tensor in tensors)


def gradients(model: Any) -> list[Any]:
    """Of all parameters that have one."""
    return [item.grad for item in model.parameters() if item.grad is not None]
