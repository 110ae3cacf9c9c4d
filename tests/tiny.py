"""Tiny random Gemmas, made from configs: the fixtures of every test that needs a model.

Seven layers at most, hidden size 64, a sliding window of 8 tokens, so that a batch of 24 tokens
is longer than the window. Weights are N(0, 0.08), so that gradients of keys and values do not
vanish. No file and no network is touched.
"""

from __future__ import annotations

from typing import Any

import torch

VOCAB = 256
WINDOW = 8

_VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 56,
    "patch_size": 14,
    "vision_use_head": False,
    "model_type": "siglip_vision_model",
}
_SPECIAL = {"image_token_index": 250, "boi_token_index": 251, "eoi_token_index": 252}


def _text(**changes: Any) -> dict[str, Any]:
    sizes = {
        "vocab_size": VOCAB,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 6,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "sliding_window": WINDOW,
        "pad_token_id": 0,
        "max_position_embeddings": 512,
    }
    return {**sizes, **changes}


def gemma(tf: Any, **changes: Any) -> tuple[Any, Any]:
    """Of GC622 alone, and so not among the available ones."""
    return tf.GemmaForCausalLM, tf.GemmaConfig(**_text(**changes))


def gemma2(tf: Any, **changes: Any) -> tuple[Any, Any]:
    sizes = {"num_hidden_layers": 4, "query_pre_attn_scalar": 16, **changes}
    return tf.Gemma2ForCausalLM, tf.Gemma2Config(**_text(**sizes))


def gemma3_text(tf: Any, **changes: Any) -> tuple[Any, Any]:
    sizes = {"query_pre_attn_scalar": 16, **changes}
    return tf.Gemma3ForCausalLM, tf.Gemma3TextConfig(**_text(**sizes))


def gemma3(tf: Any, **changes: Any) -> tuple[Any, Any]:
    text = gemma3_text(tf, **changes)[1].to_dict()
    # A dict: 4.50 silently ignores a vision config object here.
    config = tf.Gemma3Config(
        text_config=text, vision_config=dict(_VISION), mm_tokens_per_image=4, **_SPECIAL
    )
    return tf.Gemma3ForConditionalGeneration, config


def gemma3n_text(tf: Any, **changes: Any) -> tuple[Any, Any]:
    layers = 10
    sizes = {
        "num_hidden_layers": layers,
        "hidden_size_per_layer_input": 8,
        "vocab_size_per_layer_input": VOCAB,
        "laurel_rank": 8,
        "num_kv_shared_layers": 5,
        "activation_sparsity_pattern": [0.0] * layers,
        "intermediate_size": [128] * layers,
        "layer_types": (["sliding_attention"] * 4 + ["full_attention"]) * 2,
        **changes,
    }
    return tf.Gemma3nForCausalLM, tf.Gemma3nTextConfig(**_text(**sizes))


def _gemma4_sizes(**changes: Any) -> dict[str, Any]:
    sizes = {
        "hidden_size_per_layer_input": 8,
        "vocab_size_per_layer_input": VOCAB,
        "num_kv_shared_layers": 3,
        "global_head_dim": 16,
        "layer_types": (["sliding_attention"] * 2 + ["full_attention"]) * 2,
    }
    return _text(**{**sizes, **changes})


def gemma4_text(tf: Any, **changes: Any) -> tuple[Any, Any]:
    return tf.Gemma4ForCausalLM, tf.Gemma4TextConfig(**_gemma4_sizes(**changes))


def gemma4(tf: Any, **changes: Any) -> tuple[Any, Any]:
    vision = tf.Gemma4VisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=16,
    )
    config = tf.Gemma4Config(
        text_config=tf.Gemma4TextConfig(**_gemma4_sizes(**changes)).to_dict(),
        vision_config=vision.to_dict(),
        audio_config=None,
        image_token_id=250,
        boi_token_id=251,
        eoi_token_id=252,
        audio_token_id=249,
        video_token_id=248,
        boa_token_id=247,
        eoa_token_index=246,
    )
    return tf.Gemma4ForConditionalGeneration, config


def paligemma(tf: Any, **changes: Any) -> tuple[Any, Any]:
    text = gemma2(tf, **changes)[1].to_dict()
    config = tf.PaliGemmaConfig(
        text_config=text,
        vision_config={**_VISION, "projection_dim": 64},
        image_token_index=250,
        projection_dim=64,
        hidden_size=64,
        vocab_size=VOCAB,
    )
    return tf.PaliGemmaForConditionalGeneration, config


def recurrent_gemma(tf: Any, **changes: Any) -> tuple[Any, Any]:
    """Of GC107 alone, and so not among the available ones; its window is longer than a batch."""
    sizes = {"num_hidden_layers": 3, "lru_width": 64, "attention_window_size": 64, **changes}
    return tf.RecurrentGemmaForCausalLM, tf.RecurrentGemmaConfig(**_text(**sizes))


BUILDERS = {
    "gemma": gemma,
    "recurrent_gemma": recurrent_gemma,
    "gemma2": gemma2,
    "gemma3_text": gemma3_text,
    "gemma3": gemma3,
    "gemma3n_text": gemma3n_text,
    "gemma4_text": gemma4_text,
    "gemma4": gemma4,
    "paligemma": paligemma,
}


def available() -> list[str]:
    """The model types that the transformers at hand can build."""
    import transformers

    heads = {
        "gemma2": "Gemma2Config",
        "gemma3_text": "Gemma3TextConfig",
        "gemma3": "Gemma3Config",
        "gemma3n_text": "Gemma3nTextConfig",
        "gemma4_text": "Gemma4TextConfig",
        "gemma4": "Gemma4Config",
        "paligemma": "PaliGemmaConfig",
    }
    return [name for name, config in heads.items() if hasattr(transformers, config)]


def build(
    name: str,
    dtype: torch.dtype = torch.float32,
    attn: str = "eager",
    seed: int = 0,
    **changes: Any,
) -> Any:
    """A fresh model of this ``model_type``; equal for equal arguments.

    Args:
        name: a key of :data:`BUILDERS`.
        dtype: of all weights.
        attn: ``attn_implementation``, for the text and the vision part.
        changes: fields of the text config.
    """
    import transformers

    cls, config = BUILDERS[name](transformers, **changes)
    for part in (
        config,
        getattr(config, "text_config", None),
        getattr(config, "vision_config", None),
    ):
        if part is not None:
            part._attn_implementation = attn
    torch.manual_seed(seed)
    model = cls(config)
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim >= 2:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.08)
    return model.to(dtype)


def batch(name: str, size: int = 2, tokens: int = 24, seed: int = 3) -> dict[str, torch.Tensor]:
    """A text-only training batch: ``(size, tokens)`` ids, mask, labels, token types if needed."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, 200, (size, tokens), generator=generator)
    made = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids.clone()}
    if name == "gemma3":
        made["token_type_ids"] = torch.zeros_like(ids)
    if name == "gemma4":
        made["mm_token_type_ids"] = torch.zeros_like(ids)
    if name == "paligemma":  # 1 is the causal suffix, 0 the bidirectional prefix
        made["token_type_ids"] = torch.ones_like(ids)
    return made


def pad_left(made: dict[str, torch.Tensor], count: int = 6) -> dict[str, torch.Tensor]:
    """The same batch with its first row left-padded by ``count`` tokens."""
    padded = {key: value.clone() for key, value in made.items()}
    padded["attention_mask"][0, :count] = 0
    padded["labels"][0, :count] = -100
    return padded
