"""Tiny random Gemmas and their data, so that the notebooks run anywhere, offline, in a minute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers

_SIZES = {
    "vocab_size": 256,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "sliding_window": 8,
    "pad_token_id": 0,
    "max_position_embeddings": 512,
}
_FAMILIES = {
    "gemma3_text": ("Gemma3ForCausalLM", "Gemma3TextConfig", {"query_pre_attn_scalar": 16}),
    "gemma4_text": (
        "Gemma4ForCausalLM",
        "Gemma4TextConfig",
        {
            "num_kv_shared_layers": 3,
            "layer_types": (["sliding_attention"] * 2 + ["full_attention"]) * 2,
            "hidden_size_per_layer_input": 8,
            "vocab_size_per_layer_input": 256,
            "global_head_dim": 16,
        },
    ),
}
_SENTENCE = "the quick brown fox jumps over the lazy dog"


def build(model_type: str, dtype: torch.dtype = torch.float32) -> Any:
    """Return a fresh text model with random weights."""
    model_class, config_class, changes = _FAMILIES[model_type]
    config = getattr(transformers, config_class)(**{**_SIZES, **changes})
    config._attn_implementation = "eager"
    torch.manual_seed(0)
    model = getattr(transformers, model_class)(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim >= 2:
                parameter.normal_(std=0.08)
            else:  # no norm of a trained Gemma is what it was at first
                parameter.add_(0.05)
    return model.to(dtype)


def rows(count: int = 8, tokens: int = 24) -> list[dict[str, torch.Tensor]]:
    """Return rows of random ids for a ``Trainer``."""
    ids = torch.randint(3, 200, (count, tokens), generator=torch.Generator().manual_seed(3))
    return [{"input_ids": row, "labels": row.clone()} for row in ids]


def texts(count: int = 8) -> Any:
    """Return a data set with the column ``text``."""
    from datasets import Dataset

    words = _SENTENCE.split()
    turned = [" ".join(words[i:] + words[:i]) for i in range(count)]
    return Dataset.from_dict({"text": [f"{text} " * 3 for text in turned]})


def tokenizer() -> Any:
    """Return a tokenizer that knows the words of :func:`texts`."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    words = ["<pad>", "<eos>", "<bos>", "<unk>", *dict.fromkeys(_SENTENCE.split())]
    inner = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", words.index("<bos>"))]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
        padding_side="right",
    )


def save(model_type: str, folder: str) -> str:
    """Write a checkpoint with its tokenizer; return the folder."""
    if not (Path(folder) / "config.json").exists():
        build(model_type, torch.bfloat16).save_pretrained(folder)
        tokenizer().save_pretrained(folder)
    return folder
